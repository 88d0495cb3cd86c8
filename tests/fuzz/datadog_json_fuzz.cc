// Any body, in most cases JSON, that is posted to a route of Datadog's intake. The first line of
// the input is the path, the rest is the body.
//   - exactly one answer of a known status, whose body is JSON
//   - samples are of known series, within the time limits
//   - the key never shows
//   - tags of hosts are in normal form and within their limits, and the same after a restart

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "base/manual_clock.h"
#include "integrations/datadog/intake.h"
#include "integrations/datadog/names.h"
#include "tests/fuzz/datadog_rig.h"
#include "tests/fuzz/input.h"

namespace tocsin::datadog {
namespace {

constexpr char kKey[] = "s3cretkeys3cretkey";

void CheckReply(const http::HttpReply& reply) {
  constexpr int kStatuses[] = {200, 202, 400, 413, 503};
  TOCSIN_CHECK(std::find(std::begin(kStatuses), std::end(kStatuses), reply.status) !=
               std::end(kStatuses))
      << reply.status;
  TOCSIN_CHECK(nlohmann::json::accept(reply.body)) << reply.body;
  TOCSIN_CHECK(reply.body.find(kKey) == std::string::npos) << reply.body;
}

void CheckHosts(fuzz::DatadogRig& rig) {
  HostTags again(rig.store, rig.metrics);
  TOCSIN_CHECK(again.Recover().value() == 0);
  TOCSIN_CHECK(again.size() == rig.hosts.size());
  const std::string prefix = "datadog_host/";
  const absl::Status scanned = rig.store.Scan(
      storage::Family::kMeta, prefix, "datadog_host0",
      [&](absl::string_view key, absl::string_view) {
        const auto tags = rig.hosts.Find(key.substr(prefix.size()));
        TOCSIN_CHECK(tags != nullptr && tags->tags == again.Find(key.substr(prefix.size()))->tags);
        TOCSIN_CHECK(std::is_sorted(tags->tags.begin(), tags->tags.end()) &&
                     tags->tags.size() <= 256);
        for (const std::string& tag : tags->tags) TOCSIN_CHECK(NormalTag(tag) == tag) << tag;
        return true;
      });
  TOCSIN_CHECK(scanned.ok());
}

void Check(std::string path, std::string body) {
  fuzz::DatadogRig rig;
  fuzz::CheckingSink sink(rig);
  SeriesResolver series(rig.limits, sink, rig.hosts, rig.metrics);
  MetricIntervals intervals(sink);
  Intake intake({rig.limits, sink, rig.hosts, series, intervals, rig.metrics},
                [](absl::string_view key, absl::string_view) { return key == kKey; });
  ingest::Budget memory(rig.metrics, {.reason = "fuzz", .limit = "none", .amount_max = UINT64_MAX});
  const ManualClock clock;
  ingest::SenderRates rates(rig.limits, clock, rig.metrics);
  int replies = 0;
  for (int round = 0; round < 2; ++round) {
    http::HttpRequest request{
        .method = "POST", .path = path, .headers = {{"DD-Api-Key", kKey}}, .body = body};
    ingest::BudgetLease room(memory);
    intake.Handle(
        std::move(request),
        {.sender = "192.0.2.1", .now = fuzz::DatadogRig::kNow, .room = room, .rates = rates},
        [&](http::HttpReply reply) {
          ++replies;
          CheckReply(reply);
        });
    TOCSIN_CHECK(replies == round + 1) << replies;
  }
  CheckHosts(rig);
}

}  // namespace
}  // namespace tocsin::datadog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input = tocsin::fuzz::Text(data, size);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(input, absl::MaxSplits('\n', 1));
  tocsin::datadog::Check(std::string(parts.first), std::string(parts.second));
  return 0;
}
