#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules/templates/template.h"
#include "tests/ingest/peak_memory.h"

// A template cannot take more than its share, whatever it says.
namespace tocsin::templates {
namespace {

using testing::HasSubstr;

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Makes $x a text of 64 KiB.
const std::string kLongText =
    "{{ $x := \"0123456789abcdef\" }}" + Repeat("{{ $x = printf \"%s%s\" $x $x }}", 12);

absl::StatusOr<std::string> Expand(const std::string& text) {
  TemplateData data;
  data.query = [](absl::string_view) -> absl::StatusOr<std::vector<QueryRow>> {
    return std::vector<QueryRow>(1000);
  };
  const auto parsed = Template::Parse(text);
  if (!parsed.ok()) return parsed.status();
  return (*parsed)->Expand(data);
}

TEST(LimitsTest, WhatIsTooMuchIsAnError) {
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"long text", std::string(70'000, 'x'), "template is longer than 64 KiB"},
      {"long output", "{{ range query \"x\" }}" + std::string(100, 'x') + "{{ end }}",
       "output is longer than 64 KiB"},
      {"doubling",
       "{{ $x := \"0123456789abcdef\" }}" + Repeat("{{ $x = printf \"%s%s\" $x $x }}", 40),
       "gives more than 64 KiB"},
      {"nested loops", "{{ range query \"x\" }}{{ range query \"x\" }}{{ end }}{{ end }}",
       "too many steps"},
      {"nested blocks", Repeat("{{ if true }}", 1000), "nested too deeply"},
      {"parentheses", "{{ " + Repeat("(", 1000) + "1" + Repeat(")", 1000) + " }}",
       "nested too deeply"},
      {"variables", Repeat("{{ $x := 1 }}", 1100), "too many variables"},
      {"arguments",
       kLongText + "{{ range query \"x\" }}{{ $y := and" + Repeat(" $x", 999) + " }}{{ end }}",
       "template copies more than 16 MiB"},
      {"variables of long texts", kLongText + Repeat("{{ $y := $x }}", 900),
       "template copies more than 16 MiB"},
      {"pattern", "{{ match (printf \"%1000s%1000s\" \"a\" \"b\") \"x\" }}",
       "pattern is longer than"},
      {"replacement", "{{ reReplaceAll \"\" (printf \"%1000s\" \"a\") (printf \"%900s\" \"b\") }}",
       "longer than 64 KiB"},
  };
  for (const auto& c : cases) {
    const auto output = Expand(c.text);
    ASSERT_FALSE(output.ok()) << c.name;
    EXPECT_THAT(std::string(output.status().message()), HasSubstr(c.expected)) << c.name;
  }
}

// A format may name one argument often, so the text is cut while it is written, not afterwards.
TEST(LimitsTest, WhatIsTooLongIsNotMadeFirst) {
  ASSERT_TRUE(Expand(kLongText).ok());
  const std::string functions[] = {"{{ printf \"" + Repeat("%[1]s", 10'000) + "\" $x }}",
                                   "{{ print" + Repeat(" $x", 200) + " }}",
                                   "{{ println" + Repeat(" $x", 200) + " }}"};
  for (const std::string& function : functions) {
    const ingest::PeakMemory peak;
    const auto output = Expand(kLongText + function);
    ASSERT_FALSE(output.ok());
    EXPECT_THAT(std::string(output.status().message()), HasSubstr("gives more than 64 KiB"));
    EXPECT_LE(peak.grown_kib(), 32u << 10) << function.substr(0, 20);
  }
}

TEST(LimitsTest, HugeWidthsAreMistakesAsInGo) {
  EXPECT_EQ(*Expand("{{ printf \"%99999999999d\" 1 }}"), "%!(BADWIDTH)");
}

TEST(LimitsTest, UnbalancedBytesDoNotCrash) {
  const std::string bytes = "{}|$.()\"'`\\-/* a1=:,\n\xff\xc3%s end if range";
  uint64_t state = 42;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "{{";
    for (int k = 0; k < 24; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += bytes[(state >> 33) % bytes.size()];
    }
    (void)Expand(text + "}}");
  }
}

}  // namespace
}  // namespace tocsin::templates
