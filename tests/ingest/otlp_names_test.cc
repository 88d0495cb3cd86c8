#include "integrations/ingest/otlp_names.h"

#include <gtest/gtest.h>

namespace tocsin::ingest {
namespace {

struct MetricCase {
  const char* why;
  const char* name;
  const char* unit;
  PointKind kind;
  const char* want;  // "" for an error
};

TEST(OtlpNamesTest, MetricNames) {
  const MetricCase cases[] = {
      {"plain", "up", "", PointKind::kGauge, "up"},
      {"dots", "http.server.duration", "", PointKind::kGauge, "http_server_duration"},
      {"unit", "http.server.duration", "ms", PointKind::kGauge,
       "http_server_duration_milliseconds"},
      {"unit is there already", "wait_seconds", "s", PointKind::kGauge, "wait_seconds"},
      {"unit in the middle counts", "seconds.wait", "s", PointKind::kGauge, "seconds_wait"},
      {"counter", "requests", "", PointKind::kMonotonicSum, "requests_total"},
      {"counter with unit", "cpu.time", "s", PointKind::kMonotonicSum, "cpu_time_seconds_total"},
      {"total moves last", "total.requests", "By", PointKind::kMonotonicSum,
       "requests_bytes_total"},
      {"up-down counter", "queue.size", "", PointKind::kSum, "queue_size"},
      {"ratio of a gauge", "cpu.utilization", "1", PointKind::kGauge, "cpu_utilization_ratio"},
      {"ratio moves last", "ratio.of.cpu", "1", PointKind::kGauge, "of_cpu_ratio"},
      {"no ratio for a counter", "items", "1", PointKind::kMonotonicSum, "items_total"},
      {"per unit", "throughput", "By/s", PointKind::kGauge, "throughput_bytes_per_second"},
      {"per unit of nothing", "requests", "1/s", PointKind::kGauge, "requests_per_second"},
      {"unknown per unit", "burn", "By/fortnight", PointKind::kGauge, "burn_bytes_per_fortnight"},
      {"annotation adds nothing", "requests", "{request}", PointKind::kGauge, "requests"},
      {"per annotation", "size", "By/{request}", PointKind::kGauge, "size_bytes"},
      {"per unit of an annotation", "rate", "{request}/s", PointKind::kGauge, "rate_per_second"},
      {"unknown unit", "custom", "widgets", PointKind::kGauge, "custom_widgets"},
      {"unit is cleaned", "custom", "unit@with#special/chars", PointKind::kGauge,
       "custom_unit_with_special_per_chars"},
      {"percent", "load", "%", PointKind::kGauge, "load_percent"},
      {"blanks around the unit", "load", " s ", PointKind::kGauge, "load_seconds"},
      {"runs collapse", "a..b__c", "", PointKind::kGauge, "a_b_c"},
      {"edges are trimmed", "(lambda).executions(#)", "", PointKind::kGauge, "lambda_executions"},
      {"colon stays", "job:cpu:rate", "", PointKind::kGauge, "job:cpu:rate"},
      {"leading digit", "5xx.count", "", PointKind::kGauge, "_5xx_count"},
      {"foreign characters", "größe", "", PointKind::kGauge, "gr_e"},
      {"empty", "", "s", PointKind::kGauge, ""},
      {"nothing left", "@#$%", "", PointKind::kMonotonicSum, ""},
  };
  for (const MetricCase& c : cases) {
    const auto got = MetricNameFromOtlp(c.name, c.unit, c.kind);
    EXPECT_EQ(got.value_or(""), c.want) << c.why << ": " << got.status().ToString();
  }
}

TEST(OtlpNamesTest, EveryUnitOfTheTable) {
  const std::pair<const char*, const char*> units[] = {
      {"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
      {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
      {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tibibytes"},
      {"KBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
      {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
      {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"}};
  for (const auto& [unit, word] : units) {
    EXPECT_EQ(MetricNameFromOtlp("x", unit, PointKind::kSum).value_or(""),
              std::string("x_") + word);
  }
  for (const auto& [unit, word] :
       {std::pair("s", "second"), std::pair("m", "minute"), std::pair("h", "hour"),
        std::pair("d", "day"), std::pair("w", "week"), std::pair("mo", "month"),
        std::pair("y", "year")}) {
    EXPECT_EQ(MetricNameFromOtlp("x", std::string("1/") + unit, PointKind::kSum).value_or(""),
              std::string("x_per_") + word);
  }
}

TEST(OtlpNamesTest, LabelNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"http.method", "http_method"},
      {"label:with:colons", "label_with_colons"},
      {"CamelCase", "CamelCase"},
      {"a..b", "a__b"},
      {"123label", "key_123label"},
      {"_private", "key_private"},
      {".hidden", "key_hidden"},
      {"__reserved", "__reserved"},
      {"größe", "gr__e"},
      {"trailing)", "trailing_"},
      {"_", "key_"},
      {"", ""},
      {"__", ""},
      {"字符", ""},
  };
  for (const auto& [key, want] : cases) EXPECT_EQ(LabelNameFromOtlp(key).value_or(""), want) << key;
}

TEST(OtlpNamesTest, OtherStrategies) {
  constexpr auto kWithout = TranslationStrategy::kUnderscoreEscapingWithoutSuffixes;
  constexpr auto kUtf8 = TranslationStrategy::kNoUtf8EscapingWithSuffixes;
  constexpr auto kNone = TranslationStrategy::kNoTranslation;
  struct Case {
    TranslationStrategy strategy;
    const char* name;
    const char* unit;
    PointKind kind;
    const char* want;  // "" for an error
  };
  const Case cases[] = {
      {kWithout, "http.server.duration", "ms", PointKind::kMonotonicSum, "http_server_duration"},
      {kWithout, "a..b__c", "", PointKind::kGauge, "a_b__c"},
      {kWithout, ".a.", "1", PointKind::kGauge, "a"},
      {kWithout, "1st", "", PointKind::kGauge, "_1st"},
      {kWithout, "字符", "", PointKind::kGauge, ""},
      {kUtf8, "http.server.duration", "ms", PointKind::kGauge, "http.server.duration_milliseconds"},
      {kUtf8, "requests.total", "", PointKind::kMonotonicSum, "requests_total"},
      {kUtf8, "wait.seconds", "s", PointKind::kMonotonicSum, "wait.seconds_total"},
      {kUtf8, "size", "By/s", PointKind::kGauge, "size_bytes_per_second"},
      {kUtf8, "cpu.ratio", "1", PointKind::kGauge, "cpu_ratio"},
      {kUtf8, "größe", "", PointKind::kSum, "größe"},
      {kUtf8, "", "s", PointKind::kSum, ""},
      {kNone, "requests.total", "s", PointKind::kMonotonicSum, "requests.total"},
      {kNone, "", "", PointKind::kGauge, ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MetricNameFromOtlp(c.name, c.unit, c.kind, c.strategy).value_or(""), c.want)
        << c.name;
  }
  EXPECT_EQ(LabelNameFromOtlp("http.method", kWithout).value_or(""), "http_method");
  for (const TranslationStrategy strategy : {kUtf8, kNone}) {
    EXPECT_EQ(LabelNameFromOtlp("http.method", strategy).value_or(""), "http.method");
    EXPECT_FALSE(LabelNameFromOtlp("", strategy).ok());
  }
}

}  // namespace
}  // namespace tocsin::ingest
