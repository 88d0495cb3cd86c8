#include "integrations/ingest/ingest_metrics.h"

namespace tocsin::ingest {

IngestMetrics::IngestMetrics(Metrics& metrics, const std::string& protocol)
    : bytes_(metrics.Counter("tocsin_ingest_bytes_total", "Bytes of requests, after decompression.",
                             {{"protocol", protocol}})),
      samples_(metrics.Counter("tocsin_ingest_samples_total", "Samples acknowledged as durable.",
                               {{"protocol", protocol}})) {
  for (size_t i = 0; i < kRejectReasons; ++i) {
    const std::string reason = RejectReasonName(static_cast<RejectReason>(i));
    rejected_[i] = &metrics.Counter("tocsin_ingest_rejected_samples_total",
                                    "Samples refused for good, by reason.",
                                    {{"protocol", protocol}, {"reason", reason}});
  }
  for (const char* code :
       {"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "OTHER"}) {
    requests_[code] =
        &metrics.Counter("tocsin_ingest_requests_total", "Requests answered, by gRPC code.",
                         {{"protocol", protocol}, {"code", code}});
  }
}

void IngestMetrics::AddRejected(const RejectTally& tally) {
  if (tally.total() == 0) return;
  for (size_t i = 0; i < kRejectReasons; ++i) {
    const uint64_t count = tally.count(static_cast<RejectReason>(i));
    if (count > 0) rejected_[i]->Increment(static_cast<double>(count));
  }
}

void IngestMetrics::AddRequest(const std::string& code) {
  const auto found = requests_.find(code);
  (found == requests_.end() ? requests_.at("OTHER") : found->second)->Increment();
}

prometheus::Counter& DeltaGaps(Metrics& metrics) {
  return metrics.Counter("tocsin_otlp_delta_gaps_total",
                         "Times between two deltas of a series that none covers.");
}

}  // namespace tocsin::ingest
