#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timestamp.h"

namespace tocsin::ingest {

// One measurement of a series, with the trace it was made in.
struct Exemplar {
  Timestamp time;
  double value = 0;
  std::string trace_id;  // never ""; of OTLP hex, lower case
  std::string span_id;   // "" if there is none
};

// A message Exemplar of OTLP. nullopt if it names no trace, or is none.
std::optional<Exemplar> DecodeExemplar(absl::string_view message);

// The name that the series of a classic histogram have in common: "d" of d_bucket, d_count and
// d_sum; "" of other names.
absl::string_view HistogramOf(absl::string_view metric);

// The newest exemplars of series, so that people who are paged find a trace. Lives in memory only.
//
// Bounded: of a series the newest kPerSeries, of `series_max` series; those that were told longest
// ago go first.
//
// Thread: any.
class ExemplarStore {
 public:
  static constexpr size_t kPerSeries = 4;

  // `labels_of` is asked once for each series that comes; without it Find() finds nothing. It may
  // be called from any thread.
  using LabelsOf = std::function<Labels(SeriesRef)>;
  explicit ExemplarStore(size_t series_max, LabelsOf labels_of = {})
      : series_max_(series_max), labels_of_(std::move(labels_of)) {}

  // One that is there already, or is older than all that are kept, is left out.
  void Add(SeriesRef series, Exemplar exemplar);
  // Newest first.
  std::vector<Exemplar> Newest(SeriesRef series) const;
  // Of all series of this metric, and of those of the same classic histogram, that are wanted: the
  // newest of the `max` traces that were told last, not older than `oldest`. "": of all metrics.
  // Series that have another value than `row` for a label need not be wanted, so most of them are
  // not looked at. Looks at no more than `series_left` and takes those it looked at from it.
  std::vector<Exemplar> Find(absl::string_view metric, const Labels& row,
                             const std::function<bool(const Labels&)>& wanted, Timestamp oldest,
                             size_t max, size_t& series_left) const;
  size_t series() const;

 private:
  struct Entry {
    SeriesRef series;
    Labels labels;
    std::vector<Exemplar> exemplars;  // newest first
  };

  using Entries = std::list<Entry>;
  using Places = absl::flat_hash_map<SeriesRef, Entries::iterator>;
  // Series of one metric or one classic histogram, also by what their first few labels say.
  struct Family {
    Places all;
    absl::flat_hash_map<uint64_t, Places> by_label;      // by the hash of its name and value
    absl::flat_hash_map<std::string, size_t> with_name;  // how many of them have it

    void Add(Entries::iterator entry);
    void Remove(Entries::iterator entry);
    // Those that may agree with the row; null: none does.
    const Places* Narrow(const Labels& row) const;
  };

  static absl::string_view FamilyOf(absl::string_view metric);
  // Moves the series to the front; false if it is not there.
  bool Touch(SeriesRef series) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Begin(SeriesRef series, Labels labels) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(Exemplar exemplar) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const size_t series_max_;
  const LabelsOf labels_of_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);  // told most recently first
  Places by_series_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Family> by_family_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
