#include "integrations/datadog/log_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/record_field.h"

namespace tocsin::datadog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(LogFieldsTest, AStatusIsASeverity) {
  const std::pair<const char*, const char*> cases[] = {
      {"emergency", "fatal"}, {"EMERG", "fatal"},  {"fatal", "fatal"},  {"alert", "fatal"},
      {"critical", "fatal"},  {"Crit", "fatal"},   {"error", "error"},  {"err", "error"},
      {"E", "error"},         {"warning", "warn"}, {"WARN", "warn"},    {"w", "warn"},
      {"notice", "info"},     {"info", "info"},    {"I", "info"},       {"ok", "info"},
      {"success", "info"},    {"", "info"},        {"unheard", "info"}, {"debug", "debug"},
      {"verbose", "debug"},   {"trace", "trace"},  {"0", "fatal"},      {"1", "fatal"},
      {"2", "fatal"},         {"3", "error"},      {"4", "warn"},       {"5", "info"},
      {"6", "info"},          {"7", "debug"},      {"8", "info"},       {"500", "info"},
      {"\xff", "info"},
  };
  for (const auto& [status, word] : cases) {
    EXPECT_STREQ(LogSeverityWord(SeverityOfStatus(status)), word) << status;
  }
}

TEST(LogFieldsTest, TraceIdsOfAllKinds) {
  const std::pair<const char*, const char*> cases[] = {
      {"0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"},
      {"0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"},
      {"12345678901234567890123456789012", "12345678901234567890123456789012"},
      {"8448eb211c80319c", "00000000000000008448eb211c80319c"},
      {"9532127138774266268", "00000000000000008448eb211c80319c"},
      {"1", "00000000000000000000000000000001"},
      {"18446744073709551615", "0000000000000000ffffffffffffffff"},
      {"18446744073709551616", ""},  // of more than 64 bits
      {"-1", ""},
      {"", ""},
      {"x", ""},
      {"8448eb211c80319g", ""},
      {"0af7651916cd43dd8448eb211c80319", ""},
  };
  for (const auto& [text, hex] : cases) {
    EXPECT_EQ(absl::BytesToHexString(TraceIdOf(text)), hex) << text;
  }
}

TEST(LogFieldsTest, Times) {
  EXPECT_EQ(LogTimeOf("1700000000123"), 1'700'000'000'123);
  EXPECT_EQ(LogTimeOf("2023-11-14T22:13:20.123Z"), 1'700'000'000'123);
  EXPECT_EQ(LogTimeOf("2023-11-14T23:13:20+01:00"), 1'700'000'000'000);
  for (const char* text : {"", "0", "-1", "now", "9223372036854775807", "9999-01-01T00:00:00Z",
                           "infinite-future", "1600-01-01T00:00:00Z"}) {
    EXPECT_EQ(LogTimeOf(text), std::nullopt) << text;
  }
}

TEST(LogFieldsTest, TagsAreInNormalFormAndJoined) {
  LogTags tags;
  tags.AddList("Env:Prod,role:db, canary ,,role:api,empty:,url:http://x, :v,env:prod");
  tags.Add("role:db");
  tags.Join();
  EXPECT_THAT(tags.all(),
              ElementsAre(Pair("canary", "true"), Pair("empty", "true"), Pair("env", "prod"),
                          Pair("role", "api,db"), Pair("url", "http://x")));
  tags.Clear();
  tags.Join();
  EXPECT_THAT(tags.all(), IsEmpty());
}

TEST(LogFieldsTest, TooManyTagsAreNoticed) {
  LogTags tags;
  for (size_t i = 0; i < LogTags::kTagsMax; ++i) tags.Add(absl::StrCat("t", i));
  EXPECT_FALSE(tags.too_many());
  tags.Add("one:more");
  EXPECT_TRUE(tags.too_many());
  tags.Join();
  EXPECT_THAT(tags.all(), SizeIs(LogTags::kTagsMax));
  tags.Clear();
  EXPECT_FALSE(tags.too_many());
}

TEST(LogFieldsTest, WellKnownTagsNameTheResource) {
  EXPECT_THAT(ResourceNamesOfTag("env"),
              ElementsAre("deployment.environment.name", "deployment.environment"));
  EXPECT_THAT(ResourceNamesOfTag("kube_namespace"), ElementsAre("k8s.namespace.name"));
  EXPECT_THAT(ResourceNamesOfTag("team"), IsEmpty());
}

}  // namespace
}  // namespace tocsin::datadog
