#include "rules/promql/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/random.h"
#include "rules/promql/duration.h"
#include "rules/promql/printer.h"

namespace tocsin::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(ParseNumber, Accepts) {
  struct Case {
    const char* text;
    double value;
  };
  const Case cases[] = {
      {"0", 0},
      {"-0", -0.0},
      {"1", 1},
      {"+1.5", 1.5},
      {"-.5", -0.5},
      {"1.", 1},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"010", 10},
      {"0x10", 16},
      {"-0XfF", -255},
      {"0x1p-2", 0.25},
      {"0x1.8p1", 3},
      {"1_000", 1000},
      {"0x_ff", 255},
      {"Inf", kInf},
      {"+inf", kInf},
      {"-INF", -kInf},
      {"Infinity", kInf},
      {"1e-400", 0},
      {"5e-324", 5e-324},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"0x7fffffffffffffff", 9223372036854775808.0},
  };
  for (const Case& c : cases) {
    const auto value = ParseNumber(c.text);
    ASSERT_TRUE(value.ok()) << c.text << ": " << value.status();
    EXPECT_EQ(*value, c.value) << c.text;
    EXPECT_EQ(std::signbit(*value), std::signbit(c.value)) << c.text;
  }
  for (const char* text : {"NaN", "nan", "+NaN", "-NAN"}) {
    const auto value = ParseNumber(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_TRUE(std::isnan(*value)) << text;
  }
}

TEST(ParseNumber, Refuses) {
  for (const char* text : {"",
                           " 1",
                           "1 ",
                           "+",
                           "-",
                           "--1",
                           "+-1",
                           ".",
                           "e5",
                           "1e",
                           "1e+",
                           "0x",
                           "0xg",
                           "1_",
                           "_1",
                           "1__0",
                           "1._5",
                           "0x1_",
                           "infi",
                           "1,5",
                           "1.5.2",
                           "abc",
                           "0x8000000000000000",
                           "1e309",
                           "-1e309",
                           "5m",
                           "1e5x"}) {
    EXPECT_FALSE(ParseNumber(text).ok()) << text;
  }
}

TEST(FormatNumber, AsPrometheus) {
  struct Case {
    double value;
    const char* text;
    const char* brief;
  };
  const Case cases[] = {
      {0, "0", "0"},
      {-0.0, "-0", "-0"},
      {1, "1", "1"},
      {-1.5, "-1.5", "-1.5"},
      {0.1, "0.1", "0.1"},
      {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
      {100, "100", "100"},
      {123456789012345680.0, "123456789012345680", "123456789012345680"},
      {1e20, "100000000000000000000", "100000000000000000000"},
      {1e21, "1000000000000000000000", "1e+21"},
      {1e23, "100000000000000000000000", "1e+23"},
      {1e-6, "0.000001", "0.000001"},
      {2.5e-7, "0.00000025", "2.5e-07"},
      {-1.25e-12, "-0.00000000000125", "-1.25e-12"},
      {1.2345e100,
       "1234500000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
       "0"
       "000000000",
       "1.2345e+100"},
      {kInf, "+Inf", "+Inf"},
      {-kInf, "-Inf", "-Inf"},
      {std::nan(""), "NaN", "NaN"},
      {-std::nan(""), "NaN", "NaN"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FormatNumber(c.value), c.text);
    EXPECT_EQ(FormatNumberShort(c.value), c.brief);
  }
}

TEST(FormatNumber, ReadsBackExactly) {
  SeededRandom random(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random.Next();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(ParseNumber(FormatNumber(value)).value(), value);
    EXPECT_EQ(ParseNumber(FormatNumberShort(value)).value(), value);
  }
}

TEST(ParseDuration, Accepts) {
  struct Case {
    const char* text;
    absl::Duration value;
    const char* printed;
  };
  const Case cases[] = {
      {"0", absl::ZeroDuration(), "0s"},
      {"0s", absl::ZeroDuration(), "0s"},
      {"250ms", absl::Milliseconds(250), "250ms"},
      {"5m", absl::Minutes(5), "5m"},
      {"1h30m", absl::Minutes(90), "1h30m"},
      {"90m", absl::Minutes(90), "1h30m"},
      {"1d", absl::Hours(24), "1d"},
      {"7d", absl::Hours(168), "1w"},
      {"8d", absl::Hours(192), "8d"},
      {"1y", absl::Hours(24 * 365), "1y"},
      {"1y2w3d4h5m6s7ms",
       absl::Hours(24 * (365 + 17) + 4) + absl::Minutes(5) + absl::Milliseconds(6007),
       "382d4h5m6s7ms"},
      {"1m1ms", absl::Minutes(1) + absl::Milliseconds(1), "1m1ms"},
      {"292y", absl::Hours(24 * 365 * 292), "292y"},
  };
  for (const Case& c : cases) {
    const auto value = ParseDuration(c.text);
    ASSERT_TRUE(value.ok()) << c.text << ": " << value.status();
    EXPECT_EQ(*value, c.value) << c.text;
    EXPECT_EQ(PrintDuration(*value), c.printed);
    EXPECT_EQ(ParseDuration(c.printed).value(), c.value);
  }
}

TEST(ParseDuration, Refuses) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"", "empty duration string"},
      {"1", "not a valid duration string: \"1\""},
      {"-1m", "not a valid duration string: \"-1m\""},
      {"1.5h", "not a valid duration string: \"1.5h\""},
      {"5 m", "not a valid duration string: \"5 m\""},
      {" 5m", "not a valid duration string: \" 5m\""},
      {"m", "not a valid duration string: \"m\""},
      {"30m1h", "not a valid duration string: \"30m1h\""},
      {"1m1m", "not a valid duration string: \"1m1m\""},
      {"1h30", "not a valid duration string: \"1h30\""},
      {"5M", "not a valid duration string: \"5M\""},
      {"5min", "not a valid duration string: \"5min\""},
      {"1us", "not a valid duration string: \"1us\""},
      {"293y", "duration out of range"},
      {"99999999999999999999s", "duration out of range"},
      {"99999999999999999999s1x", "not a valid duration string: \"99999999999999999999s1x\""},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseDuration(c.text).status().message(), c.message);
}

TEST(PrintDuration, Negative) {
  EXPECT_EQ(PrintDuration(-absl::Minutes(90)), "-1h30m");
}

}  // namespace
}  // namespace tocsin::promql
