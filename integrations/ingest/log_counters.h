#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/labels.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/log_rule.h"

namespace tocsin::ingest {

// A record that was counted, as evidence.
struct LogMatch {
  Timestamp time;
  std::string severity;  // its word; "" if there is none
  std::string body;      // cut at LogCounters::kEvidenceBytesMax
  std::string trace_id;  // hex; "": none
};

// What one request counts, by rule and label values.
struct LogCount {
  uint64_t records = 0;
  std::vector<LogMatch> newest;  // at most LogCounters::kEvidence, oldest first
};
using LogCounts = std::map<std::pair<size_t, std::vector<std::string>>, LogCount>;

// The rules in force; immutable.
using LogRules = std::shared_ptr<const std::vector<LogCounterRule>>;

// Counters of log records, which monitors and PromQL use as any counter. Records themselves are not
// kept, but for the newest few of each counter.
//
// Counts live in memory and begin anew at 0 with each start, an ordinary counter reset. A counter
// without labels is 0 from when its rule is loaded; one with labels gets a sample of 0 before its
// first value, so that this counts as an increase. Each counter is written with the requests that
// change it and at least every kWriteIntervalMs.
//
// What was counted stays counted even if its sample could not be committed: the next one has it. A
// request is therefore to be answered as taken.
//
// Bounded: kSeriesPerRule counters of a rule; records beyond are dropped and counted.
//
// Thread: any. Borrows the sink.
class LogCounters {
 public:
  static constexpr size_t kSeriesPerRule = 1000;
  static constexpr size_t kEvidence = 5;
  static constexpr size_t kEvidenceBytesMax = 1024;
  static constexpr int64_t kWriteIntervalMs = 15'000;

  explicit LogCounters(engine::SampleSink& sink)
      : sink_(sink), rules_(std::make_shared<const std::vector<LogCounterRule>>()) {}

  // Counters of rules that stay, by name and labels, go on; those of others end.
  void SetRules(std::vector<LogCounterRule> rules, Timestamp now);
  LogRules rules() const;

  // Counts what a request's records came to under `rules`, which were in force when it came.
  // The samples to commit; `dropped` grows by the records that could not be counted, `why` says
  // for the first of them.
  SampleBatch Count(const LogRules& rules, LogCounts counts, Timestamp now, uint64_t& dropped,
                    std::string& why);
  // Samples that are due; call every second.
  SampleBatch Step(Timestamp now);

  // The newest records of the counter with these labels (with its name), newest first.
  std::vector<LogMatch> Newest(const Labels& labels) const;
  // The newest `max` records of all counters of this name that are wanted by their labels, of rules
  // that let pages quote them; not older than `oldest`, newest first. "": of all names. Looks at no
  // more than `series_left` counters and takes those it looked at from it.
  std::vector<LogMatch> Find(absl::string_view name,
                             const std::function<bool(const Labels&)>& wanted, Timestamp oldest,
                             size_t max, size_t& series_left) const;
  size_t counters() const;

 private:
  struct Counter {
    SeriesRef series = 0;
    Labels labels;
    uint64_t total = 0;
    int64_t written_ms = INT64_MIN;  // INT64_MIN: never
    bool changed = true;
    std::deque<LogMatch> newest;  // oldest first
  };
  struct Rule {
    int64_t loaded_ms = 0;
    std::map<std::vector<std::string>, Counter> counters;  // by label values
  };

  static std::string IdentityOf(const LogCounterRule& rule);
  static Labels LabelsOf(const LogCounterRule& rule, const std::vector<std::string>& values);
  absl::Status CounterOf(const LogCounterRule& rule, Rule& state,
                         const std::vector<std::string>& values, Counter*& counter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of a rule in force.
  const Rule& StateOf(const LogCounterRule& rule) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Write(const Rule& rule, Counter& counter, Timestamp now, SampleBatch& batch);

  engine::SampleSink& sink_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  LogRules rules_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, size_t> by_name_ ABSL_GUARDED_BY(mutex_);  // in rules_
  std::map<std::string, Rule> states_ ABSL_GUARDED_BY(mutex_);                // by identity
  std::vector<SeriesRef> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
