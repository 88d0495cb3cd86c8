#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timestamp.h"

namespace tocsin::ingest {

// One measurement of a series, with the trace it was made in.
struct Exemplar {
  Timestamp time;
  double value = 0;
  std::string trace_id;  // hex, lower case; never ""
  std::string span_id;   // hex; "" if there is none
};

// A message Exemplar of OTLP. nullopt if it names no trace, or is none.
std::optional<Exemplar> DecodeExemplar(absl::string_view message);

// The newest exemplars of series, so that people who are paged find a trace. Lives in memory only.
//
// Bounded: of a series the newest kPerSeries, of `series_max` series; those that were told longest
// ago go first.
//
// Thread: any.
class ExemplarStore {
 public:
  static constexpr size_t kPerSeries = 4;

  explicit ExemplarStore(size_t series_max) : series_max_(series_max) {}

  // One that is there already, or is older than all that are kept, is left out.
  void Add(SeriesRef series, Exemplar exemplar);
  // Newest first.
  std::vector<Exemplar> Newest(SeriesRef series) const;
  size_t series() const;

 private:
  struct Entry {
    SeriesRef series;
    std::vector<Exemplar> exemplars;  // newest first
  };

  // Constant after construction.
  const size_t series_max_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // told most recently first
  absl::flat_hash_map<SeriesRef, std::list<Entry>::iterator> by_series_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
