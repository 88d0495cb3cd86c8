#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/sent.h"
#include "integrations/datadog/series_resolver.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/reject.h"

namespace tocsin::datadog {

// Makes the samples of one request (or one flush) of the series it is given. What is wrong with one
// series or point rejects no other.
//
// A point of a count is what was counted in its interval. A rate is a count per second and becomes
// the count, its value times its interval (1 s if none is said), so that both add up, over time and
// over tags, to what happened. See docs/decisions/0009-datadog-counts.md.
//
// Thread: one. Borrows all.
class SampleTaker {
 public:
  // `room`: what memory of histograms is taken from; null: not counted.
  SampleTaker(const Limits& limits, SeriesResolver& series, MetricIntervals& intervals,
              Timestamp now, absl::string_view sender, ingest::BudgetLease* room = nullptr)
      : limits_(limits),
        series_(series),
        intervals_(intervals),
        now_(now),
        sender_(sender),
        room_(room) {}

  // ResourceExhausted beyond limits.samples_per_request_max (a series without points counts as one)
  // and if histograms take more than limits.ingest_decode_bytes_max; what SeriesResolver::Resolve()
  // and BudgetLease::Grow() return. Uses up the points.
  absl::Status Take(SentSeries& series);

  SampleBatch& batch() { return batch_; }
  ingest::RejectTally& rejected() { return rejected_; }
  const Limits& limits() const { return limits_; }
  uint64_t hidden() const { return hidden_; }  // series that were skipped
  Timestamp now() const { return now_; }

 private:
  absl::Status Count(uint64_t points);
  absl::Status TakeHistogramBytes(const SentSeries& series);
  bool IsUsable(const SentPoint& point);
  bool InTime(int64_t time_ms);

  const Limits& limits_;
  SeriesResolver& series_;
  MetricIntervals& intervals_;
  const Timestamp now_;
  const absl::string_view sender_;
  ingest::BudgetLease* const room_;

  uint64_t points_ = 0;
  uint64_t histogram_bytes_ = 0;
  uint64_t hidden_ = 0;
  SampleBatch batch_;
  ingest::RejectTally rejected_;
};

}  // namespace tocsin::datadog
