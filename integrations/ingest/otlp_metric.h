#pragma once

#include <cstdint>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "base/native_histogram.h"
#include "integrations/ingest/otlp_names.h"
#include "integrations/ingest/otlp_point.h"

namespace tocsin::ingest {

// The messages that a metric's points can be.
enum class PointForm : char { kNumber = 'n', kHistogram = 'h', kExponential = 'e', kSummary = 'q' };

// The metric whose points are being walked. Texts are views into the request.
struct OtlpMetric {
  absl::string_view name;
  absl::string_view unit;
  PointKind kind = PointKind::kGauge;  // what it adds to its name
  PointForm form = PointForm::kNumber;
  bool delta = false;     // its points tell what was counted since the last one
  bool counts = false;    // it counts from 0, so that the time it began says something
  absl::uint128 key = 0;  // covers the resource and, if it is promoted, the scope

  uint32_t attributes_field() const {
    switch (form) {
      case PointForm::kNumber:
        return kNumberAttributes;
      case PointForm::kHistogram:
        return kHistogramAttributes;
      case PointForm::kExponential:
        return kExponentialAttributes;
      case PointForm::kSummary:
        return kSummaryAttributes;
    }
    return 0;
  }
};

// Which of a point's series a sample belongs to: numbers and native histograms have one, others one
// for each bucket or quantile, _sum and _count.
enum class Part : uint8_t { kWhole, kBucket, kQuantile, kSum, kCount };

// What few samples have.
struct PendingExtra {
  absl::string_view exemplar;  // message Exemplar; "": none
  double bound = 0;            // of a bucket its upper bound, or the quantile
  HistogramPtr histogram;      // null: a float
};

// A sample whose series is still to be looked up. Small, since hundreds wait for one look-up and
// should stay in the processor's first cache.
struct PendingSample {
  static constexpr uint32_t kNoExtra = UINT32_MAX;

  absl::string_view attributes;  // the fields as they stand in the point
  uint64_t start_ns = 0;         // when counting began, or of a delta its interval; 0: not said
  uint64_t time_ns = 0;
  double value = 0;
  uint32_t point = 0;         // number of its point in the request
  uint32_t extra = kNoExtra;  // index
  uint16_t metric = 0;        // index
  Part part = Part::kWhole;
};

}  // namespace tocsin::ingest
