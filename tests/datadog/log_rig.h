#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock.h"
#include "integrations/datadog/log_intake.h"
#include "storage/memory_store.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::datadog {

inline RecordField FieldNamed(absl::string_view text) {
  return *ParseRecordField(text);
}

// An intake of logs with a sink that keeps what it is given.
class LogRig {
 public:
  static constexpr int64_t kNowMs = 1'700'000'000'000;

  explicit LogRig(Limits limits_wanted = {}) : limits(limits_wanted) {}

  // One counter "logs" of all logs, with these fields as its labels a, b, c..
  void CountBy(const std::vector<const char*>& fields) {
    ingest::LogCounterRule rule{.name = "logs", .tests = {}, .labels = {}};
    for (const char* field : fields) {
      rule.labels.emplace_back(std::string(1, static_cast<char>('a' + rule.labels.size())),
                               FieldNamed(field));
    }
    counters.SetRules({std::move(rule)}, now);
  }

  // Its reply, if it came at once; otherwise it is `last` later.
  http::HttpReply Send(http::HttpRequest request) {
    ingest::Budget memory(metrics, {.reason = "test", .limit = "none", .amount_max = budget});
    ingest::BudgetLease room(memory);
    ingest::BudgetLease others(memory);
    if (busy) others.Grow(budget).IgnoreError();
    last.reset();
    intake.Handle(request, {.sender = "192.0.2.1", .now = now, .room = room, .rates = rates},
                  [this](http::HttpReply answer) { last = std::move(answer); });
    return last.value_or(http::HttpReply{.status = 0});
  }
  http::HttpReply Post(std::string body, const std::string& content_type = "application/json",
                       std::string query = "") {
    return Send({.method = "POST",
                 .path = "/api/v2/logs",
                 .query = std::move(query),
                 .headers = {{"Content-Type", content_type}},
                 .body = std::move(body)});
  }

  // The counters' values that arrived since the last call, without their times and beginnings.
  std::vector<std::string> NewCounts() {
    std::vector<std::string> lines = sink.Lines();
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(seen_));
    seen_ += lines.size();
    std::erase_if(lines,
                  [](const std::string& line) { return line.find(" 0 @") != std::string::npos; });
    for (std::string& line : lines) line.resize(line.find(" @"));
    return lines;
  }

  const Limits limits;
  uint64_t budget = UINT64_MAX;
  bool busy = false;  // others have taken all of the budget
  Timestamp now = Timestamp::FromMillis(kNowMs);
  ingest::FakeSink sink;
  storage::MemoryStore store;
  Metrics metrics;
  const ManualClock clock;
  ingest::SenderRates rates{limits, clock, metrics};
  HostTags hosts{store, metrics};
  ingest::LogCounters counters{sink};
  LogIntake intake{{limits, sink, counters, hosts, metrics}};
  std::optional<http::HttpReply> last;

 private:
  size_t seen_ = 0;
};

}  // namespace tocsin::datadog
