#include "integrations/datadog/statsd_message.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin::datadog {
namespace {

std::string Text(const StatsdMessage& message) {
  switch (message.kind) {
    case StatsdMessage::Kind::kMetric: {
      const StatsdMetric& metric = message.metric;
      return absl::StrCat(
          metric.name, " ", static_cast<int>(metric.type), " [", absl::StrJoin(metric.values, " "),
          "]", metric.set_value.empty() ? "" : absl::StrCat(" '", metric.set_value, "'"),
          metric.sample_rate == 1 ? "" : absl::StrCat(" @", metric.sample_rate),
          metric.tags.empty() ? "" : absl::StrCat(" #", absl::StrJoin(metric.tags, " ")),
          metric.time_s ? absl::StrCat(" T", *metric.time_s) : "");
    }
    case StatsdMessage::Kind::kEvent: {
      const SentEvent& event = message.event;
      return absl::StrCat("event ", event.source, "/", event.alert_type, "/", event.priority, "/",
                          event.host, "/", event.time_ms, "/", absl::StrJoin(event.tags, " "));
    }
    case StatsdMessage::Kind::kServiceCheck: {
      const SentCheck& check = message.check;
      return absl::StrCat("check ", check.name, " ", check.status, " ", check.host, "/",
                          check.time_ms, "/", absl::StrJoin(check.tags, " "));
    }
  }
  return "";
}

struct Case {
  const char* line;
  const char* wanted;  // or the problem
};

TEST(StatsdMessageTest, Metrics) {
  StatsdMessage message;  // one for all: nothing of a line stays
  const Case cases[] = {
      {"page.views:1|c", "page.views 1 [1]"},
      {"fuel.level:0.5|g|#a:b,c", "fuel.level 0 [0.5] #a:b c"},
      {"song.length:240|h|@0.5", "song.length 2 [240] @0.5"},
      {"t:12.5|ms|#x:y|@0.1", "t 3 [12.5] @0.1 #x:y"},
      {"users:1234|s|#country:china", "users 4 [] '1234' #country:china"},
      {"users:a:b:c|s", "users 4 [] 'a:b:c'"},
      {"latency:1:2:3.5|d", "latency 5 [1 2 3.5]"},
      {"packed:1::2:|c", "packed 1 [1 2]"},
      {"neg:-1e3|g", "neg 0 [-1000]"},
      {"plus:+5|g", "plus 0 [5]"},
      {"a:1|c|#env:dev|c:83c0a99c0a54c0c187f461c7980e9b57f3f6a8b0c918c8d93df19a9de6f3fe1d",
       "a 1 [1] #env:dev"},
      {"a:1|c|c:ci-1,in-2|e:it-false,cn-x,pu-y|card:low|#t", "a 1 [1] #t"},
      {"a:15|g|#shell:bash|T1656581409", "a 0 [15] #shell:bash T1656581409"},
      {"a:1:2|c|T1656581400|c:x", "a 1 [1 2] T1656581400"},
      {"a:1|c|whatever|comes", "a 1 [1]"},
      {"a:1|c|", "a 1 [1]"},
      {"a:1|c||#t", "a 1 [1] #t"},
      {"a:1|c|#", "a 1 [1]"},
      {"a:1|c|#a,,b,", "a 1 [1] #a b"},
      {"größe:1|c", "größe 1 [1]"},
  };
  for (const auto& [line, wanted] : cases) {
    ASSERT_EQ(message.Parse(line), StatsdProblem::kNone) << line;
    EXPECT_EQ(Text(message), wanted) << line;
  }
}

TEST(StatsdMessageTest, EventsAndServiceChecks) {
  StatsdMessage message;
  const Case cases[] = {
      {"_e{5,4}:title|text", "event ////0/"},
      {"_e{2,5}:a||b|c:d|d:1700000000|h:web|k:key|p:low|s:src|t:error|#a:b,c|c:id|card:low",
       "event src/error/low/web/1700000000000/a:b c"},
      {"_e{1,0}:a|", "event ////0/"},
      {"_e{1,1}:a|b|t:odd|p:odd|d:x", "event ////0/"},
      {"_e{6,12}:größ|line\\nbreak!|#x", "event ////0/x"},
      {"_sc|Redis connection|2|#env:dev|m:Redis connection timed out after 10s",
       "check Redis connection 2 /0/env:dev"},
      {"_sc|a|0|d:1700000000|h:web|#x|m:up|c:ci-1|card:low", "check a 0 web/1700000000000/x"},
      {"_sc|a|3", "check a 3 /0/"},
  };
  for (const auto& [line, wanted] : cases) {
    ASSERT_EQ(message.Parse(line), StatsdProblem::kNone) << line;
    EXPECT_EQ(Text(message), wanted) << line;
  }
}

TEST(StatsdMessageTest, Problems) {
  StatsdMessage message;
  const Case cases[] = {
      {"garbage", "format"},
      {"a:1", "format"},
      {"|c", "format"},
      {":1|c", "format"},
      {"a|c", "format"},
      {"a:|c", "format"},
      {"a:1|", "type"},
      {"a:1|x", "type"},
      {"a:1|C", "type"},
      {"a:x|g", "value"},
      {"a:1:x|g", "value"},
      {"a:::|g", "value"},
      {"a:nan|g", "value"},
      {"a:inf|c", "value"},
      {"a: 1|g", "value"},
      {"a:1|c|@0", "sample_rate"},
      {"a:1|c|@", "sample_rate"},
      {"a:1|c|@2", "sample_rate"},
      {"a:1|c|@x", "sample_rate"},
      {"a:1|c|@-1", "sample_rate"},
      {"a:1|g|T0", "timestamp"},
      {"a:1|g|Tx", "timestamp"},
      {"a:1|g|T-5", "timestamp"},
      {"a:1|h|T1656581409", "timestamp"},
      {"_e{", "event"},
      {"_e{5,4}", "event"},
      {"_e{5,4}:title", "event"},
      {"_e{5,4}:title|tex", "event"},
      {"_e{0,4}:|text", "event"},
      {"_e{5}:title|text", "event"},
      {"_e{5,-1}:title|text", "event"},
      {"_e{99999999999999999999,1}:a|b", "event"},
      {"_e{9223372036854775807,1}:a|b", "event"},
      {"_e{1,9223372036854775807}:a|b", "event"},
      {"_e{5,4}:title|textx", "event"},
      {"_e{4,4}:title|text", "event"},
      {"_sc", "service_check"},
      {"_sc|", "service_check"},
      {"_sc|a", "service_check"},
      {"_sc|a|4", "service_check"},
      {"_sc|a|-1", "service_check"},
      {"_sc|a|x", "service_check"},
      {"_sc||0", "service_check"},
      {"_scx|a|0", "service_check"},
      {"_sc|a|0|d:x", "service_check"},
  };
  for (const auto& [line, wanted] : cases) {
    EXPECT_STREQ(StatsdProblemName(message.Parse(line)), wanted) << line;
  }
}

}  // namespace
}  // namespace tocsin::datadog
