#include "integrations/ingest/reject.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "integrations/ingest/utf8.h"

namespace tocsin::ingest {
namespace {

constexpr size_t kDetailBytesMax = 200;

// Cut between two characters, so that the answer remains valid UTF-8; what never was valid is not
// repeated at all.
std::string Shortened(absl::string_view text) {
  if (!IsUtf8(text)) return "(text that is not UTF-8)";
  if (text.size() <= kDetailBytesMax) return std::string(text);
  size_t size = kDetailBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return absl::StrCat(text.substr(0, size), "...");
}

}  // namespace

const char* RejectReasonName(RejectReason reason) {
  switch (reason) {
    case RejectReason::kDeltaTemporality:
      return "delta_temporality";
    case RejectReason::kDeltaOutOfOrder:
      return "delta_out_of_order";
    case RejectReason::kDeltaOverlap:
      return "delta_overlap";
    case RejectReason::kDeltaLimit:
      return "delta_limit";
    case RejectReason::kUnknownTemporality:
      return "unknown_temporality";
    case RejectReason::kInvalidName:
      return "invalid_name";
    case RejectReason::kInvalidLabel:
      return "invalid_label";
    case RejectReason::kDuplicateLabel:
      return "duplicate_label";
    case RejectReason::kInvalidUtf8:
      return "invalid_utf8";
    case RejectReason::kNoValue:
      return "no_value";
    case RejectReason::kHistogramScale:
      return "histogram_scale";
    case RejectReason::kBucketLimit:
      return "bucket_limit";
    case RejectReason::kInvalidHistogram:
      return "invalid_histogram";
    case RejectReason::kTooNew:
      return "too_new";
    case RejectReason::kTooOld:
      return "too_old";
    case RejectReason::kLabelLimit:
      return "label_limit";
    case RejectReason::kSeriesLimit:
      return "series_limit";
    case RejectReason::kSampleLimit:
      return "sample_limit";
    case RejectReason::kUnknownReference:
      return "unknown_reference";
  }
  return "unknown";
}

RejectReason ReasonOfResolve(const absl::Status& status) {
  TOCSIN_CHECK(absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status))
      << status.ToString();
  return absl::IsInvalidArgument(status) ? RejectReason::kLabelLimit : RejectReason::kSeriesLimit;
}

void RejectTally::Add(RejectReason reason, uint64_t samples, absl::string_view detail) {
  if (samples == 0) return;
  const auto i = static_cast<size_t>(reason);
  if (counts_[i] == 0) details_[i] = Shortened(detail);
  counts_[i] += samples;
  total_ += samples;
}

std::string RejectTally::Describe() const {
  std::string text;
  for (size_t i = 0; i < kRejectReasons; ++i) {
    if (counts_[i] == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", counts_[i], " ",
                    RejectReasonName(static_cast<RejectReason>(i)));
    if (!details_[i].empty()) absl::StrAppend(&text, ": ", details_[i]);
  }
  return text;
}

}  // namespace tocsin::ingest
