#include "app/commands/detect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "app/command_line.h"

namespace tocsin::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class DetectTest : public ::testing::Test {
 protected:
  DetectTest() {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              absl::StrCat("detect_", ::testing::UnitTest::GetInstance()->random_seed(), "_",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  ~DetectTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Write(const std::string& text) { std::ofstream(Path("in.csv"), std::ios::binary) << text; }
  int Run(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"detect", "--in", Path("in.csv"), "--out", Path("out.csv")};
    words.insert(words.end(), more.begin(), more.end());
    std::ostringstream out, err;
    const int code = RunCommandLine(words, out, err);
    err_ = err.str();
    return code;
  }
  std::vector<std::string> Lines() const {
    std::ifstream file(Path("out.csv"), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    EXPECT_EQ(lines.back(), "") << "the last line ends";
    lines.pop_back();
    return lines;
  }

  std::filesystem::path folder_;
  std::string err_;
};

// Four weeks of noise around 100, with `last` for the last six rows.
std::string Series(const std::string& last, const std::string& end_of_line = "\n") {
  constexpr int kRows = 4 * 2016;
  std::string text = absl::StrCat("timestamp,value", end_of_line);
  absl::Time time = absl::FromCivil(absl::CivilSecond(2024, 2, 12), absl::UTCTimeZone());
  uint32_t state = 1;
  for (int i = 0; i < kRows; ++i, time += absl::Minutes(5)) {
    state = state * 1664525 + 1013904223;
    const std::string value = i + 6 < kRows ? absl::StrCat(100 + (state >> 24) % 21) : last;
    absl::StrAppend(&text, absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::UTCTimeZone()), ",",
                    value, end_of_line);
  }
  return text;
}

TEST_F(DetectTest, WritesOneRowPerRow) {
  Write(Series("500"));
  ASSERT_EQ(Run(), 0) << err_;
  EXPECT_THAT(err_, ::testing::ContainsRegex("^[0-9]+ ns/point\n$"));
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 4 * 2016 + 1);
  EXPECT_EQ(lines[0], "timestamp,value,score,expected,lower,upper,state");
  EXPECT_THAT(lines[1], ::testing::MatchesRegex("2024-02-12 00:00:00,1[0-9]+,0,,,,learning"));
  const std::vector<std::string> last = absl::StrSplit(lines.back(), ',');
  ASSERT_EQ(last.size(), 7);
  EXPECT_EQ(last[0], "2024-03-10 23:55:00");
  EXPECT_EQ(last[1], "500");
  EXPECT_EQ(last[6], "alarm");
  const std::vector<std::string> first = absl::StrSplit(lines[lines.size() - 6], ',');
  EXPECT_GE(std::stod(first[2]), 1);
  EXPECT_NEAR(std::stod(first[3]), 110, 5);
  EXPECT_LT(std::stod(first[4]), 100);
  EXPECT_GT(std::stod(first[5]), 120);
}

TEST_F(DetectTest, CarriageReturnsMakeNoDifference) {
  Write(Series("500"));
  ASSERT_EQ(Run(), 0);
  const std::vector<std::string> plain = Lines();
  Write(Series("500", "\r\n"));
  ASSERT_EQ(Run(), 0);
  EXPECT_EQ(Lines(), plain);
}

TEST_F(DetectTest, AMissingValueHasNoScoreAndChangesNothing) {
  for (const char* missing : {"", "nan", "inf", "-inf", "NaN"}) {
    Write(Series(missing));
    ASSERT_EQ(Run(), 0) << err_;
    EXPECT_EQ(Lines().back(), "2024-03-10 23:55:00,,,,,,ok") << missing;
  }
}

TEST_F(DetectTest, RowsThatCannotBeReadAreNamed) {
  const std::pair<std::string, std::string> cases[] = {
      {"timestamp,value\n2024-02-12 00:00:00,1\nyesterday,2\n",
       "in.csv:3: \"yesterday\" is not a timestamp (YYYY-MM-DD HH:MM:SS)"},
      {"timestamp,value\n2024-02-12 00:00:00,many\n", "in.csv:2: \"many\" is not a value"},
      {"timestamp,value\n2024-02-12 00:00:00\n",
       "in.csv:2: expected timestamp,value, found 1 fields"},
      {"timestamp,value\n\n2024-02-12 00:00:00,1,2\n",
       "in.csv:3: expected timestamp,value, found 3 fields"},
  };
  for (const auto& [text, message] : cases) {
    Write(text);
    EXPECT_EQ(Run(), 2);
    EXPECT_THAT(err_, StartsWith("tocsin detect: "));
    EXPECT_THAT(err_, HasSubstr(message));
  }
}

TEST_F(DetectTest, WrongUseIsRefused) {
  Write("timestamp,value\n");
  EXPECT_EQ(Run(), 0) << "no rows are fine";
  EXPECT_EQ(Run({"--preset", "loud"}), 2);
  EXPECT_EQ(Run({"--sensitivity", "0"}), 2);
  EXPECT_EQ(Run({"--sensitivity", "-1"}), 2);
  EXPECT_EQ(Run({"--timezone", "Mars/Olympus"}), 2);
  EXPECT_THAT(err_, HasSubstr("no such time zone: Mars/Olympus"));
  EXPECT_EQ(Run({"--preset", "notice", "--sensitivity", "2", "--timezone", "Europe/Brussels"}), 0)
      << err_;
  std::filesystem::remove(Path("in.csv"));
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_, HasSubstr("in.csv: cannot be read"));
}

TEST_F(DetectTest, AnOutputThatCannotBeWrittenIsAnError) {
  Write(Series("100"));
  std::ostringstream err;
  DetectOptions options;
  options.in = Path("in.csv");
  options.out = Path("none/out.csv");
  EXPECT_EQ(RunDetect(options, SystemClock(), err), 2);
  EXPECT_THAT(err.str(), HasSubstr("none/out.csv: cannot be written"));
}

}  // namespace
}  // namespace tocsin::app
