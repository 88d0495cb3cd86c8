#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/evidence.h"
#include "integrations/http/explanation.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/otlp_decode.h"
#include "integrations/ingest/resource_watch.h"
#include "rules/rule.h"

namespace tocsin::app {

// What all ports that take OTLP share: one decoder, which adds up deltas, the watch over resources,
// counters of log records, exemplars; and the thread that submits, each second, their samples that
// are due by time alone. Metrics: tocsin_otlp_resources, tocsin_otlp_resources_refused_total,
// tocsin_log_counters.
//
// Thread: one caller; what it gives out is for any. Borrows all arguments, which outlive it.
// Life: construct after Engine::Start(), which is when queries are answered, and end after the
// ports, before Engine::Stop().
class OtlpSenders {
 public:
  struct Parts {
    engine::Engine& engine;
    const Limits& limits;
    const Clock& clock;
    Metrics& metrics;
  };

  // Reads back which resources were up, and begins to watch them.
  OtlpSenders(const Parts& parts, const ingest::OtlpOptions& options);
  ~OtlpSenders();

  void SetRules(const rules::RuleSet& rules);

  ingest::OtlpDecoder& otlp() { return *otlp_; }
  ingest::LogCounters& logs() { return logs_; }
  ingest::ExemplarStore& exemplars() { return exemplars_; }

  // What senders told of a series besides its samples: records that a log counter counted, and
  // exemplars, of a classic histogram's series those of the whole histogram. Newest first.
  std::vector<http::ExplainedNote> NotesOf(const Labels& series) const;
  // See FindEvidence().
  std::vector<state::v1::PageEvidence> EvidenceOf(const engine::EvidenceQuestion& question,
                                                  size_t& series_left) const;

 private:
  std::vector<ingest::Exemplar> ExemplarsOf(const Labels& series) const;
  void RecoverResources();
  // Rows of one query that were not recovered yet; false if it found none.
  bool RecoverResourcesAt(Timestamp at, Timestamp now);
  void Run();
  void Step();

  const Parts parts_;
  ingest::ExemplarStore exemplars_;
  ingest::LogCounters logs_;
  std::unique_ptr<ingest::ResourceWatch> resources_;  // null: nobody wants it
  std::unique_ptr<ingest::OtlpDecoder> otlp_;
  prometheus::Gauge& resource_gauge_;
  prometheus::Counter& resources_refused_;
  prometheus::Gauge& counter_gauge_;
  uint64_t refused_before_ = 0;  // the thread's

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::app
