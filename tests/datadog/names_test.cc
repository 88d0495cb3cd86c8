#include "integrations/datadog/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::datadog {
namespace {

TEST(DatadogNamesTest, MetricNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"system.cpu.user", "system_cpu_user"},
      {"requests", "requests"},
      {"Http.Requests", "Http_Requests"},  // metric names keep their case
      {"a-b c", "a_b_c"},
      {"a__b", "a_b"},
      {"a_.b", "a_b"},
      {"a._b", "a_b"},
      {"a. b", "a_b"},
      {"größe.mm", "gr_e_mm"},
      {"5xx.count", "xx_count"},
      {"_hidden", "hidden"},
      {"a.", "a"},
      {"a!!", "a"},
      {"request.duration.95percentile", "request_duration_95percentile"},
  };
  for (const auto& [name, wanted] : cases) {
    const auto got = MetricNameFromDatadog(name);
    ASSERT_TRUE(got.ok()) << name;
    EXPECT_EQ(*got, wanted) << name;
  }
  EXPECT_EQ(MetricNameFromDatadog(std::string(300, 'a'))->size(), 200u);
  for (const char* name : {"", "...", "12", "ößü"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(MetricNameFromDatadog(name).status())) << name;
  }
}

TEST(DatadogNamesTest, LabelNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"env", "env"},
      {"Kube_Namespace", "kube_namespace"},
      {"availability-zone", "availability_zone"},
      {"app.kubernetes.io/name", "app_kubernetes_io_name"},
      {"5xx", "_5xx"},
      {"_x", "_x"},
      {"__name__", "_name__"},  // never a reserved one
      {"größe", "gr__e"},
      {"", ""},
      {"___", ""},
  };
  for (const auto& [key, wanted] : cases) EXPECT_EQ(LabelNameFromDatadog(key), wanted) << key;
}

TEST(DatadogNamesTest, TagsAreInLowerCaseWithoutOddCharacters) {
  EXPECT_EQ(NormalTag(" Env:Prod EU,1@x "), "env:prod_eu_1_x");
  EXPECT_EQ(NormalTag("url:/a/b.html:8080"), "url:/a/b.html:8080");
  EXPECT_EQ(NormalTag("city:köln"), "city:köln");
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "ö";
  EXPECT_EQ(NormalTag(umlauts).size(), 400u);
}

std::string Text(std::vector<std::pair<std::string, std::string>> own,
                 const std::vector<std::string>& tags) {
  LabelMaker maker;
  for (const std::string& tag : tags) maker.AddTag(tag);
  for (const auto& [name, value] : own) maker.SetOwn(name, value);
  return maker.Build().ToString();
}

TEST(DatadogNamesTest, LabelsOfTags) {
  EXPECT_EQ(Text({{"__name__", "up"}, {"host", "h1"}},
                 {"env:prod", "canary", "role:db", "role:api", "role:db"}),
            R"(up{canary="true", env="prod", host="h1", role="api,db"})");
  // Own labels win; the tag is not lost.
  EXPECT_EQ(Text({{"__name__", "up"}, {"host", "h1"}}, {"host:h2", "__name__:evil"}),
            R"(up{_name__="evil", exported_host="h2", host="h1"})");
  EXPECT_EQ(Text({{"__name__", "up"}, {"host", ""}}, {"host:h2"}), R"(up{host="h2"})");
  EXPECT_EQ(Text({{"__name__", "up"}}, {"", ":", ":x", "a:", "b.c:1", "b_c:2", "time:12:30"}),
            R"(up{a="true", b_c="1,2", time="12:30"})");
}

TEST(DatadogNamesTest, AMakerBeginsAnew) {
  LabelMaker maker;
  maker.SetOwn("host", "h1");
  maker.AddTag("a:1");
  maker.Build();
  maker.AddTag("host:h2");
  EXPECT_EQ(maker.Build().ToString(), R"({host="h2"})");
}

}  // namespace
}  // namespace tocsin::datadog
