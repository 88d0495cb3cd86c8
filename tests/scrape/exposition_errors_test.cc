// What is no exposition, and where it is wrong. The samples before it are given.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scrape/exposition_lines.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;

struct Case {
  std::string text;
  const char* error;
};

void Expect(ExpositionFormat format, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_THAT(LinesOf(format, absl::StrCat("ok 1\n", c.text)), ElementsAre("ok 1", c.error))
        << c.text;
  }
}

TEST(ExpositionErrorsTest, Text) {
  Expect(ExpositionFormat::kText,
         {
             {"<html>", "line 2, column 1: expected the name of a metric"},
             {"9a 1", "line 2, column 1: expected the name of a metric"},
             {"{x=\"1\"} 1", "line 2, column 1: expected the name of a metric"},
             {std::string("\0", 1), "line 2, column 1: expected the name of a metric"},
             {"\n\na", "line 4, column 2: expected a value"},
             {"a\n", "line 2, column 2: expected a value"},
             {"a one\n", "line 2, column 3: the value is not a number"},
             {"a 1\r\n", "line 2, column 3: the value is not a number"},
             {"a -\n", "line 2, column 3: the value is not a number"},
             {"a +-1\n", "line 2, column 3: the value is not a number"},
             {"a .\n", "line 2, column 3: the value is not a number"},
             {"a -nan\n", "line 2, column 3: the value is not a number"},
             {"a nan(1)\n", "line 2, column 3: the value is not a number"},
             {"a 1e400\n", "line 2, column 3: the value is not a number"},
             {"a 0x1p3\n", "line 2, column 3: the value is not a number"},
             {"a 1_0\n", "line 2, column 3: the value is not a number"},
             {"a 1{x=\"1\"}\n",
              "line 2, column 4: expected a timestamp in milliseconds, or the end of the line"},
             {"a 1 x\n",
              "line 2, column 5: expected a timestamp in milliseconds, or the end of the line"},
             {"a 1 1.5\n",
              "line 2, column 5: expected a timestamp in milliseconds, or the end of the line"},
             {"a 1 +5\n",
              "line 2, column 5: expected a timestamp in milliseconds, or the end of the line"},
             {"a 1 99999999999999999999\n",
              "line 2, column 5: expected a timestamp in milliseconds, or the end of the line"},
             {"a 1 2 3\n", "line 2, column 7: expected the end of the line behind the timestamp"},
             {"a 1 # {} 1\n",
              "line 2, column 5: expected a timestamp in milliseconds, or the end of the line"},
             {"a{\n", "line 2, column 3: expected a label's name or }"},
             {"a{,} 1\n", "line 2, column 3: expected a label's name or }"},
             {"a{x=\"1\",,} 1\n", "line 2, column 9: expected a label's name or }"},
             {"a{\"x\"=\"1\"} 1\n", "line 2, column 3: expected a label's name or }"},
             {"a{x} 1\n", "line 2, column 4: expected = behind a label's name"},
             {"a{x:y=\"1\"} 1\n", "line 2, column 4: expected = behind a label's name"},
             {"a{x=1} 1\n", "line 2, column 5: expected a label's value in quotes"},
             {"a{x=\"1} 1\n", "line 2, column 5: a quote that does not end"},
             {"a{x=\"1\\", "line 2, column 5: a quote that does not end"},
             {"a{x=\"\xff\"} 1\n", "line 2, column 6: a label's value is not UTF-8"},
             {"a{x=\"1\",x=\"1\"} 1\n", "line 2, column 3: the label x is there twice"},
             {"a{__name__=\"b\"} 1\n", "line 2, column 3: the label __name__ is there twice"},
             {"# TYPE 9 gauge\n", "line 2, column 8: expected the name of a metric"},
             {"# TYPE a\n", "line 2, column 9: there is no such type of metrics"},
             {"# TYPE a number\n", "line 2, column 9: there is no such type of metrics"},
             {"# TYPE a stateset\n", "line 2, column 9: there is no such type of metrics"},
             {"# HELP a \xff\n", "line 2, column 9: a HELP that is not UTF-8"},
         });
}

TEST(ExpositionErrorsTest, OpenMetrics) {
  constexpr char kNoEnd[] = "line 3, column 1: the text does not end with # EOF";
  Expect(
      ExpositionFormat::kOpenMetrics,
      {
          {"", "line 2, column 1: the text does not end with # EOF"},
          {"a 1", "line 2, column 4: the text does not end with # EOF"},
          {"# EOF\n\n", "line 3, column 1: there is more behind # EOF"},
          {"# EOF a", "line 2, column 6: there is more behind # EOF"},
          {"\n# EOF\n", "line 2, column 1: expected the name of a metric or # and a space"},
          {"#EOF\n", "line 2, column 1: expected the name of a metric or # and a space"},
          {" a 1\n", "line 2, column 1: expected the name of a metric or # and a space"},
          {"# comment\n", "line 2, column 3: expected HELP, TYPE, UNIT or EOF"},
          {"# HELP 9\n", "line 2, column 8: expected the name of a metric"},
          {"# HELP a\n", "line 2, column 9: expected a space and a text"},
          {"# HELP a \xff\n", "line 2, column 10: a text that is not UTF-8"},
          {"# HELP a b", "line 2, column 11: the text does not end with # EOF"},
          {"# TYPE a untyped\n", "line 2, column 10: there is no such type of metrics"},
          {"# UNIT a s\n", "line 2, column 10: the unit is not at the end of the metric's name"},
          {"# UNIT as s\n", "line 2, column 11: the unit is not at the end of the metric's name"},
          {"a  1\n", "line 2, column 3: the value is not a number"},
          {"a {x=\"1\"} 1\n", "line 2, column 3: the value is not a number"},
          {"a\t1\n", "line 2, column 2: expected a space and a value"},
          {"a{x=\"1\"}1\n", "line 2, column 9: expected a space and a value"},
          {"a{x=\"1\",} 1\n", "line 2, column 9: expected a label's name"},
          {"a{,x=\"1\"} 1\n", "line 2, column 3: expected a label's name or }"},
          {"a{x=\"1\" } 1\n", "line 2, column 8: expected , or }"},
          {"a{x=\"1\" y=\"1\"} 1\n", "line 2, column 8: expected , or }"},
          {"a{x =\"1\"} 1\n", "line 2, column 4: expected = behind a label's name"},
          {"a{x=\"two\nlines\"} 1\n", "line 2, column 5: a quote that does not end"},
          {"a{x=\"\\\n\"} 1\n", "line 2, column 5: a quote that does not end"},
          {"a{x=\"\xff\"} 1\n", "line 2, column 6: a label's value is not UTF-8"},
          {"a{x=\"1\",x=\"1\"} 1\n", "line 2, column 3: the label x is there twice"},
          {"a 1 x\n", "line 2, column 5: expected a timestamp in seconds"},
          {"a 1 NaN\n", "line 2, column 5: expected a timestamp in seconds"},
          {"a 1 Inf\n", "line 2, column 5: expected a timestamp in seconds"},
          {"a 1 \n", "line 2, column 5: expected a timestamp in seconds"},
          {"a 1 2 3\n", "line 2, column 6: expected the end of the line"},
          {"a 1 # {x=1} 1\n", "line 2, column 10: expected a label's value in quotes"},
          {"a 1 # {}\n", "line 2, column 9: expected a space and a value"},
          {"a 1 # {} x\n", "line 2, column 10: the value is not a number"},
          {"a 1 # {} 1 x\n", "line 2, column 12: expected a timestamp in seconds"},
          {"a 1 # {} 1 2 3\n", "line 2, column 13: expected the end of the line"},
      });
  EXPECT_THAT(LinesOf(ExpositionFormat::kOpenMetrics, "ok 1\na 1\n"),
              ElementsAre("ok 1", "a 1", kNoEnd));
}

}  // namespace
}  // namespace tocsin::scrape
