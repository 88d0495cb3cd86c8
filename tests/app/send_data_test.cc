#include "app/send_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;

std::string Show(const absl::StatusOr<std::vector<CsvRow>>& rows) {
  if (!rows.ok()) return std::string(rows.status().message());
  std::string text;
  for (const CsvRow& row : *rows) absl::StrAppend(&text, row.time.millis(), "=", row.value, " ");
  return text;
}

TEST(SendDataTest, ReadsCsv) {
  struct Case {
    const char* name;
    const char* text;
    const char* expected;
  };
  const Case cases[] = {
      {"header, LF", "timestamp,value\n1970-01-01 00:00:01,2\n1970-01-01 00:00:02.5,-3.5\n",
       "1000=2 2500=-3.5 "},
      {"no header, CRLF", "1970-01-01 00:00:01,2\r\n1970-01-01 00:00:02,3\r\n", "1000=2 2000=3 "},
      {"Unix seconds", "1.5,1\n2,2\n", "1500=1 2000=2 "},
      {"RFC 3339", "1970-01-01T01:00:00+01:00,1\n", "0=1 "},
      {"further columns", "1,2,label\n", "1000=2 "},
      {"missing values are left out", "1,\n2,x\n3,4\n\n", "3000=4 "},
      {"empty", "", ""},
      {"no comma", "t,v\n5\n", "line 2: expected timestamp,value"},
      {"bad time", "t,v\n1,1\nsoon,2\n", "line 3: \"soon\" is not a timestamp"},
      {"time out of range", "1,1\n1e300,2\n", "line 2: \"1e300\" is not a timestamp"},
  };
  for (const Case& c : cases) EXPECT_EQ(Show(ParseCsv(c.text)), c.expected) << c.name;
}

TEST(SendDataTest, ReadsAttributes) {
  const auto attributes = ParseAttributes({"env=prod", "empty=", "x=a=b"});
  ASSERT_TRUE(attributes.ok());
  EXPECT_EQ((*attributes)[1], std::pair(std::string("empty"), std::string()));
  EXPECT_EQ((*attributes)[2], std::pair(std::string("x"), std::string("a=b")));
  EXPECT_FALSE(ParseAttributes({"env"}).ok());
  EXPECT_FALSE(ParseAttributes({"=prod"}).ok());
}

TEST(SendDataTest, GeneratedSeriesAreDistinctRepeatableAndMove) {
  const auto now = GeneratePoints(10, Timestamp::FromMillis(1000));
  const auto again = GeneratePoints(10, Timestamp::FromMillis(1000));
  const auto later = GeneratePoints(10, Timestamp::FromMillis(61'000));
  std::set<std::string> names;
  for (size_t i = 0; i < now.size(); ++i) {
    names.insert(now[i].attributes.at(0).second);
    EXPECT_EQ(now[i].value, again[i].value);
    EXPECT_NE(now[i].value, later[i].value);
    EXPECT_GE(now[i].value, 0);
    EXPECT_LE(now[i].value, 100);
  }
  EXPECT_EQ(names.size(), 10u);
}

}  // namespace
}  // namespace tocsin::app
