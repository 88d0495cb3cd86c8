#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock.h"
#include "integrations/datadog/intake.h"
#include "storage/memory_store.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::datadog {

// An intake on a store in memory, with a sink that keeps what it is given.
class IntakeRig {
 public:
  static constexpr int64_t kNowS = 1'700'000'000;

  explicit IntakeRig(std::vector<Secret> keys = {}, Limits limits_wanted = {})
      : limits(limits_wanted) {
    Restart(std::move(keys));
  }

  // Everything but the store and the sink begins anew.
  void Restart(std::vector<Secret> keys = {}) {
    intake.reset();
    metrics = std::make_unique<Metrics>();
    hosts = std::make_unique<HostTags>(store, *metrics);
    damaged = hosts->Recover().value();
    series = std::make_unique<SeriesResolver>(limits, sink, *hosts, *metrics);
    intervals = std::make_unique<MetricIntervals>(sink);
    intake = std::make_unique<Intake>(
        Intake::Parts{limits, sink, *hosts, *series, *intervals, *metrics},
        [accepted = ApiKeys(keys)](absl::string_view key, absl::string_view) {
          return accepted.Accepts(key);
        });
  }

  // Its reply, if it came at once.
  std::optional<http::HttpReply> Send(http::HttpRequest request) {
    if (const absl::Status allowed = intake->Authorize(request); !allowed.ok()) {
      return Intake::Refusal(403, allowed);
    }
    auto reply = std::make_shared<std::optional<http::HttpReply>>();
    ingest::Budget memory(*metrics, {.reason = "test", .limit = "none", .amount_max = UINT64_MAX});
    ingest::BudgetLease room(memory);
    ingest::SenderRates rates(limits, clock, *metrics);
    intake->Handle(std::move(request),
                   {.sender = "192.0.2.1", .now = now, .room = room, .rates = rates},
                   [reply](http::HttpReply answer) { *reply = std::move(answer); });
    last = reply;
    return *reply;
  }
  http::HttpReply Post(const std::string& path, std::string body,
                       const std::string& content_type = "") {
    http::HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.body = std::move(body);
    if (!content_type.empty()) request.headers.emplace_back("content-type", content_type);
    return Send(std::move(request)).value_or(http::HttpReply{.status = 0});
  }

  // What arrived since the last call.
  std::vector<std::string> NewLines() {
    std::vector<std::string> lines = sink.Lines();
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(seen_));
    seen_ += lines.size();
    return lines;
  }

  const Limits limits{};
  Timestamp now = Timestamp::FromMillis(kNowS * 1000);
  const ManualClock clock;
  ingest::FakeSink sink;
  storage::MemoryStore store;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<HostTags> hosts;
  std::unique_ptr<SeriesResolver> series;
  std::unique_ptr<MetricIntervals> intervals;
  std::unique_ptr<Intake> intake;
  size_t damaged = 0;
  std::shared_ptr<std::optional<http::HttpReply>>
      last;  // of the request sent last, also when it is answered later

 private:
  size_t seen_ = 0;
};

}  // namespace tocsin::datadog
