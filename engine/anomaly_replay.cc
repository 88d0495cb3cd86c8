#include "engine/anomaly_replay.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "engine/group_schedule.h"
#include "engine/query/series_table.h"
#include "engine/window_store.h"

namespace tocsin::engine {
namespace {

constexpr absl::Duration kSpan = absl::Hours(2);

// The queries over the samples of one span.
class SpanReplay {
 public:
  SpanReplay(const std::vector<RecordedQuery>& asked, const RecordedPast& past)
      : asked_(asked), past_(past), queries_(table_, past.queries) {}

  absl::Status Load(RecordedSpan span, Timestamp now);
  void Run(RecordedSpan span);

 private:
  const std::vector<RecordedQuery>& asked_;
  const RecordedPast& past_;
  SeriesTable table_;
  QueryEngine queries_;
  std::unique_ptr<WindowStore> windows_;
  std::vector<QueryId> ids_;  // as asked_
};

absl::Status SpanReplay::Load(RecordedSpan span, Timestamp now) {
  std::vector<SelectorIndex::Entry> selectors;
  Timestamp oldest = span.oldest;
  for (const RecordedQuery& one : asked_) {
    TOCSIN_ASSIGN_OR_RETURN(ids_.emplace_back(), queries_.Add(*one.expr));
    for (SelectorNeed& need : QueryEngine::Needs(*one.expr, past_.queries)) {
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

void SpanReplay::Run(RecordedSpan span) {
  std::vector<Timestamp> next;
  for (const RecordedQuery& one : asked_) {
    const GroupSchedule slots(Timestamp(), one.interval);
    next.push_back(slots.SlotAt(span.oldest) + one.interval);
  }
  while (true) {
    const size_t first =
        static_cast<size_t>(std::min_element(next.begin(), next.end()) - next.begin());
    const Timestamp slot = next[first];
    if (slot > span.newest) return;
    const auto result = queries_.Evaluate(ids_[first], slot);
    // What fails at a time, as two rows of equal labels do, fails live, too.
    if (result.ok()) {
      asked_[first].visit({*result, queries_.NewestInputs(ids_[first]), slot});
    }
    next[first] = slot + asked_[first].interval;
  }
}

}  // namespace

absl::Status ReplayRecorded(const std::vector<RecordedQuery>& queries, const RecordedPast& past,
                            RecordedSpan span, Timestamp now) {
  if (queries.empty()) return absl::OkStatus();
  for (Timestamp from = span.oldest; from < span.newest;) {
    const RecordedSpan part{from, std::min(span.newest, from + kSpan)};
    SpanReplay replay(queries, past);
    TOCSIN_RETURN_IF_ERROR(replay.Load(part, now));
    replay.Run(part);
    from = part.newest;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Timestamp>> FirstRecorded(const storage::SampleLog& log) {
  std::optional<Timestamp> first;
  TOCSIN_ASSIGN_OR_RETURN(first, log.FirstCommitted());
  for (const storage::Block& block : log.blocks()) {
    first = std::min(first.value_or(block.first_committed), block.first_committed);
  }
  return first;
}

absl::StatusOr<std::optional<RecordedSpan>> SpanOfRecorded(const storage::SampleLog& log) {
  std::optional<RecordedSpan> span;
  const auto add = [&](Timestamp oldest, Timestamp committed) {
    if (!span) span = RecordedSpan{oldest, committed};
    span->oldest = std::min(span->oldest, oldest);
    span->newest = std::max(span->newest, committed);
  };
  const auto hold = log.HoldRecords();
  for (const storage::Block& block : log.blocks()) {
    if (block.samples > 0) add(block.oldest, block.last_committed);
  }
  TOCSIN_RETURN_IF_ERROR(log.ReadFrom(log.first_offset(), [&](const storage::LogRecord& record) {
    for (const int64_t time_ms : record.samples.times_ms) {
      add(Timestamp::FromMillis(time_ms), record.committed);
    }
    return true;
  }));
  return span;
}

}  // namespace tocsin::engine
