#include "engine/anomaly_history.h"

#include <algorithm>
#include <memory>

#include "base/status_macros.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"
#include "engine/window_store.h"
#include "rules/anomaly.h"

namespace tocsin::engine {
namespace {

constexpr absl::Duration kSpan = absl::Hours(2);

Timestamp SlotAtOrBefore(Timestamp t, absl::Duration interval) {
  const int64_t step_ms = absl::ToInt64Milliseconds(interval);
  return Timestamp::FromMillis(t.millis() - ((t.millis() % step_ms) + step_ms) % step_ms);
}

// The monitors' queries over the samples of one span.
class SpanReplay {
 public:
  explicit SpanReplay(const RecordedPast& past) : past_(past), queries_(table_, past.queries) {}

  absl::Status Load(const std::vector<ModelsOfMonitor>& monitors, RecordedSpan span, Timestamp now);
  // All evaluations after span.oldest, up to span.newest, in order of time.
  absl::Status Run(const std::vector<ModelsOfMonitor>& monitors, RecordedSpan span);

 private:
  const RecordedPast& past_;
  SeriesTable table_;
  QueryEngine queries_;
  std::unique_ptr<WindowStore> windows_;
  std::vector<QueryId> ids_;  // of the monitors
};

absl::Status SpanReplay::Load(const std::vector<ModelsOfMonitor>& monitors, RecordedSpan span,
                              Timestamp now) {
  std::vector<SelectorIndex::Entry> selectors;
  Timestamp oldest = span.oldest;
  for (const ModelsOfMonitor& one : monitors) {
    const promql::Expr& expr = *one.monitor->query.expr;
    TOCSIN_ASSIGN_OR_RETURN(ids_.emplace_back(), queries_.Add(expr));
    for (SelectorNeed& need : QueryEngine::Needs(expr, past_.queries)) {
      oldest = need.unbounded ? Timestamp() : std::min(oldest, span.oldest - need.reach);
      selectors.push_back({std::move(need.matchers), 0});
    }
  }
  TOCSIN_ASSIGN_OR_RETURN(auto index, SelectorIndex::Build(std::move(selectors)));
  windows_ = std::make_unique<WindowStore>(
      table_, std::move(index), [this](SeriesRef ref) { return past_.registry.Get(ref); },
      [this](SeriesTable::Slot slot, const Labels&) { queries_.SeriesAdded(slot); });
  return ReadRecorded(
      past_.log, {oldest, span.newest}, now, past_.slack,
      [this](SeriesRef ref) { return windows_->Wants(ref); },
      [&](const SampleBatch& samples) {
        for (size_t i = 0; i < samples.size(); ++i) {
          if (samples.times_ms[i] >= oldest.millis()) windows_->Apply(samples, i);
        }
        return true;
      });
}

absl::Status SpanReplay::Run(const std::vector<ModelsOfMonitor>& monitors, RecordedSpan span) {
  std::vector<Timestamp> next;
  for (const ModelsOfMonitor& one : monitors) {
    const absl::Duration interval = one.models->interval();
    next.push_back(SlotAtOrBefore(span.oldest, interval) + interval);
  }
  while (true) {
    const size_t first =
        static_cast<size_t>(std::min_element(next.begin(), next.end()) - next.begin());
    const Timestamp slot = next[first];
    if (slot > span.newest) return absl::OkStatus();
    const auto result = queries_.Evaluate(ids_[first], slot);
    // What fails at a time, as two rows of equal labels do, fails live, too, and teaches nothing.
    if (result.ok()) {
      monitors[first].models->Judge(*result, queries_.NewestInputs(ids_[first]), slot);
    }
    next[first] = slot + monitors[first].models->interval();
  }
}

}  // namespace

absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now) {
  std::optional<Timestamp> first;
  TOCSIN_ASSIGN_OR_RETURN(first, past.log.FirstCommitted());
  for (const storage::Block& block : past.log.blocks()) {
    first = std::min(first.value_or(block.first_committed), block.first_committed);
  }
  if (!first || monitors.empty()) return absl::OkStatus();
  Timestamp from = now;
  for (const ModelsOfMonitor& one : monitors) {
    from = std::min(from, std::max(*first, one.models->judged_to().value_or(*first)));
  }
  while (from < now) {
    const RecordedSpan span{from, std::min(now, from + kSpan)};
    SpanReplay replay(past);
    TOCSIN_RETURN_IF_ERROR(replay.Load(monitors, span, now));
    TOCSIN_RETURN_IF_ERROR(replay.Run(monitors, span));
    from = span.newest;
  }
  return absl::OkStatus();
}

}  // namespace tocsin::engine
