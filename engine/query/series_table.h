#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/label_index.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "engine/query/column.h"
#include "engine/query/oldest_samples.h"

namespace tocsin::engine {

// Samples of the series that some query wants, as columns per series in order of time. A slot
// numbers a series within the table and stays valid until Remove(); then it may become another
// series'.
//
// What every evaluation looks at of every series lies apart, in arrays by slot: the newest sample,
// and a number that changes with the column. So an evaluation walks arrays, and columns only of
// series where something happened.
//
// Thread: one at a time (a shard owns its table). Memory: see Column, and 32 bytes a series.
class SeriesTable {
 public:
  using Slot = uint32_t;

  SeriesTable();
  ~SeriesTable();
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  // The slot of the series with these labels, added if new.
  Slot FindOrAdd(const Labels& labels);
  std::optional<Slot> Find(const Labels& labels) const;

  AppendResult Append(Slot slot, int64_t time_ms, double value);
  AppendResult Append(Slot slot, int64_t time_ms, const HistogramPtr& histogram);

  // Forgets a series with all its samples. Whoever keeps its slot has to be told before.
  void Remove(Slot slot);
  bool Holds(Slot slot) const { return slot < held_.size() && held_[slot]; }

  static constexpr int64_t kForever = INT64_MAX;
  // From Trim(t) on, samples of this series at or before t - reach_ms are no longer needed. Of a
  // new series all are, for ever. The newest sample is always kept.
  void SetReach(Slot slot, int64_t reach_ms) { reach_ms_[slot] = reach_ms; }
  int64_t reach_ms(Slot slot) const { return reach_ms_[slot]; }
  // Samples that are not needed are refused from now on. Memory is given back when the series'
  // column is about to grow: walking all columns would cost a good part of an evaluation.
  void Trim(int64_t t) { trimmed_at_ms_ = t; }

  // All slots are below this; some may be free.
  size_t size() const { return columns_.size(); }
  size_t series() const { return slots_.size(); }
  const Labels& labels(Slot slot) const { return labels_[slot]; }
  const Column& column(Slot slot) const { return columns_[slot]; }

  // By slot, valid until a series is added. The newest sample of a series without any has time
  // INT64_MIN; the value of a native histogram is HistogramMark().
  const Column* columns() const { return columns_.data(); }
  const int64_t* newest_times() const { return newest_times_.data(); }
  const double* newest_values() const { return newest_values_.data(); }
  // Grows with each sample of the series taken in; 0: there was none.
  const uint32_t* versions() const { return versions_.data(); }

  // Grows with every sample taken in: what was computed from the table before may be outdated.
  uint64_t changes() const { return changes_; }

  // Of the samples taken in; see SeriesWatch.
  OldestSamples& oldest_samples() { return oldest_samples_; }

 private:
  struct LabelsOfSlot {
    const SeriesTable* table;
    const Labels& operator()(Slot slot) const { return table->labels_[slot]; }
  };

  void AddSlot();
  Column& ColumnFor(Slot slot, int64_t time_ms);
  void Taken(Slot slot, int64_t time_ms, AppendResult result);

  std::vector<Labels> labels_;
  std::vector<Column> columns_;
  std::vector<int64_t> newest_times_;
  std::vector<double> newest_values_;
  std::vector<uint32_t> versions_;
  std::vector<int64_t> reach_ms_;
  int64_t trimmed_at_ms_ = INT64_MIN;
  std::vector<bool> held_;
  std::vector<Slot> free_;
  LabelIndex<LabelsOfSlot> slots_{LabelsOfSlot{this}};
  uint64_t changes_ = 0;
  OldestSamples oldest_samples_;
};

}  // namespace tocsin::engine
