#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/manual_clock.h"
#include "engine/stepped_engine.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::engine {

// One shard in virtual time on a store that fails on request, with limits of the test's choice:
// what World (tests/support) hides. Times are spans since the start.
//
// The disk is healthy unless a test breaks it; the log shares it, so samples are sent before.
class ShardRig : public SampleSink {
 public:
  static constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

  explicit ShardRig(Limits limits = Limits(), const EvidenceSource* evidence = nullptr);
  ~ShardRig() override;

  // Rules as the service loads them. `check` off: also those with parts that do not run yet.
  absl::Status Install(const std::string& yaml, bool check = true);
  // The process dies and comes back `gap` later with the same rules.
  void Reboot(absl::Duration gap = absl::ZeroDuration());

  // Commits one sample now, dated `age` ago.
  void Send(const Labels& series, double value, absl::Duration age = absl::ZeroDuration());
  void Send(const Labels& series, HistogramPtr histogram);
  // Evaluates what is due, in order, up to and including start + `since_start`. The status of the
  // last evaluation.
  absl::Status RunTo(absl::Duration since_start);

  // From now on each evaluation of a rule takes as long, by the monotonic clock.
  void EvaluationsTake(absl::Duration time) { clock_.EachLookTakes(time); }

  Timestamp now() const { return clock_.Now(); }
  // "ok" (nothing known as well), "pending", "firing", "no_data" of the alert with these labels.
  std::string StateOf(const Labels& alert) const;
  // "none", "open", "closed" of the only page whose labels contain `label` with that value.
  std::string PageOf(const std::string& label, const std::string& value) const;
  // The error of the first rule or monitor; empty if it is fine.
  std::string Error() const;
  // Every sample of the log of this series, as "value@seconds since start" (or "stale@...", or a
  // histogram's text).
  std::vector<std::string> Recorded(const Labels& series) const;
  std::vector<std::string> KeysOnDisk(storage::Family family) const;
  state::v1::ClockRecord ClockOnDisk() const;

  storage::FaultyStore& store() { return store_; }
  storage::MemoryStore& disk() { return disk_; }
  storage::Outbox& outbox() { return engine_->outbox(); }
  Shard& shard() { return engine_->shard(0); }
  EvaluationMetrics& metrics() { return engine_->evaluation_metrics(); }
  // How often rules asked for a series by its labels.
  size_t resolved() const { return resolved_; }

  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override;
  void Submit(SampleBatch batch, Done done) override;

 private:
  // Moves on between two looks, of which an evaluation's are the first and the next.
  class Watch : public ManualClock {
   public:
    absl::Duration Monotonic() const override {
      looked_ += each_;
      return ManualClock::Monotonic() + looked_;
    }
    void EachLookTakes(absl::Duration time) { each_ = time; }

   private:
    absl::Duration each_;
    mutable absl::Duration looked_;
  };

  void Boot();
  void CommitNow(SampleBatch batch);
  SeriesRef RefOf(const Labels& series);

  const Limits limits_;
  const EvidenceSource* const evidence_;
  Watch clock_;
  storage::MemoryStore disk_;
  storage::FaultyStore store_{disk_};
  size_t resolved_ = 0;
  std::shared_ptr<const rules::RuleSet> rules_ = std::make_shared<rules::RuleSet>();

  // One life of the process.
  std::unique_ptr<SteppedEngine> engine_;
};

}  // namespace tocsin::engine
