// Any body that is posted as logs of Datadog's. The first line of the input is the type of the
// content, the second the parameters, the rest is the body.
//   - exactly one answer of a known status, whose body is JSON
//   - each log is looked at or rejected, and the counter of all says how many were
//   - counters and their samples stay within their limits; a refused body counts nothing
//   - the same body comes to the same again

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/manual_clock.h"
#include "integrations/datadog/log_intake.h"
#include "tests/fuzz/datadog_rig.h"
#include "tests/fuzz/input.h"

namespace tocsin::datadog {
namespace {

RecordField Field(const char* text) {
  return *ParseRecordField(text);
}

std::vector<ingest::LogCounterRule> Rules() {
  const auto is = [](const char* word) {
    return [word](absl::string_view text) { return text == word; };
  };
  return {
      {.name = "all", .tests = {}, .labels = {}},
      {.name = "errors", .tests = {{Field("severity"), is("error")}}, .labels = {}},
      {.name = "by_field",
       .tests = {{Field("attributes.a.b"), is("x")}},
       .labels = {{"s", Field("resource.service.name")}, {"e", Field("attributes.env")}}},
      {.name = "bodies", .tests = {}, .labels = {{"b", Field("body")}}},
  };
}

// The newest total of a counter without labels.
double TotalOf(const SampleBatch& batch, const engine::SeriesRegistry& registry,
               absl::string_view name) {
  double total = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (registry.Get(batch.refs[i]).Get(kMetricName) == name) total = batch.values[i];
  }
  return total;
}

// What a body came to.
struct Outcome {
  http::HttpReply reply;
  SampleBatch batch;
};

class CountingSink : public engine::SampleSink {
 public:
  explicit CountingSink(fuzz::DatadogRig& rig) : rig_(rig) {}
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    return rig_.sink.Resolve(labels);
  }
  void Submit(SampleBatch sent, Done done) override {
    rig_.CheckBatch(sent);
    batch = std::move(sent);
    done(absl::OkStatus());
  }
  SampleBatch batch;

 private:
  fuzz::DatadogRig& rig_;
};

Outcome Send(fuzz::DatadogRig& rig, const http::HttpRequest& request) {
  CountingSink sink(rig);
  Metrics metrics;
  ingest::LogCounters counters(sink);
  counters.SetRules(Rules(), fuzz::DatadogRig::kNow);
  LogIntake intake({rig.limits, sink, counters, rig.hosts, metrics});
  ingest::Budget memory(metrics, {.reason = "fuzz", .limit = "none", .amount_max = UINT64_MAX});
  ingest::BudgetLease room(memory);
  int replies = 0;
  Outcome outcome;
  const ManualClock clock;
  ingest::SenderRates rates(rig.limits, clock, metrics);
  intake.Handle(
      request, {.sender = "192.0.2.1", .now = fuzz::DatadogRig::kNow, .room = room, .rates = rates},
      [&](http::HttpReply reply) {
        ++replies;
        outcome.reply = std::move(reply);
      });
  TOCSIN_CHECK(replies == 1) << replies;
  TOCSIN_CHECK(sink.batch.size() <= 2 * counters.counters());
  outcome.batch = std::move(sink.batch);
  const double all = TotalOf(outcome.batch, rig.sink.registry, "all");
  const double errors = TotalOf(outcome.batch, rig.sink.registry, "errors");
  TOCSIN_CHECK(errors <= all) << errors;
  TOCSIN_CHECK(all <= static_cast<double>(rig.limits.samples_per_request_max)) << all;
  TOCSIN_CHECK(outcome.reply.status == 202 || outcome.batch.empty());
  const std::string text = metrics.ExpositionText();
  TOCSIN_CHECK(outcome.reply.status == 202 ||
               absl::StrContains(text, "tocsin_log_records_total 0\n"));
  return outcome;
}

void Check(const http::HttpRequest& request) {
  fuzz::DatadogRig rig;
  TOCSIN_CHECK(rig.hosts.Update("h", {"env:host", "role:db"}, fuzz::DatadogRig::kNow).ok());
  const Outcome first = Send(rig, request);
  constexpr int kStatuses[] = {202, 400, 413};
  TOCSIN_CHECK(std::find(std::begin(kStatuses), std::end(kStatuses), first.reply.status) !=
               std::end(kStatuses))
      << first.reply.status;
  TOCSIN_CHECK(nlohmann::json::accept(first.reply.body)) << first.reply.body;
  const Outcome again = Send(rig, request);
  TOCSIN_CHECK(again.reply.status == first.reply.status && again.reply.body == first.reply.body)
      << again.reply.body;
  fuzz::CheckSame(first.batch, again.batch);
}

}  // namespace
}  // namespace tocsin::datadog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input = tocsin::fuzz::Text(data, size);
  const std::vector<std::string> parts = absl::StrSplit(input, absl::MaxSplits('\n', 2));
  if (parts.size() < 3) return 0;
  tocsin::datadog::Check({.method = "POST",
                          .path = "/api/v2/logs",
                          .query = parts[1],
                          .headers = {{"Content-Type", parts[0]}},
                          .body = parts[2]});
  return 0;
}
