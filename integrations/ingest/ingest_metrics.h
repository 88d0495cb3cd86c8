#pragma once

#include <array>
#include <map>
#include <string>

#include "base/metrics.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// What ingest counts about one protocol ("otlp_grpc", "native"). Everything exists at 0 from the
// start.
//
// Thread: any.
class IngestMetrics {
 public:
  IngestMetrics(Metrics& metrics, const std::string& protocol);

  void AddBytes(size_t bytes) { bytes_.Increment(static_cast<double>(bytes)); }
  // Samples that are durable.
  void AddSamples(size_t samples) { samples_.Increment(static_cast<double>(samples)); }
  void AddRejected(const RejectTally& tally);
  // One answered request; `code` is the gRPC code's name ("OK", "UNAVAILABLE"). Unexpected codes
  // count as "OTHER".
  void AddRequest(const std::string& code);

 private:
  prometheus::Counter& bytes_;
  prometheus::Counter& samples_;
  std::array<prometheus::Counter*, kRejectReasons> rejected_;
  std::map<std::string, prometheus::Counter*> requests_;
};

// Times between two deltas of one OTLP series that no delta covers, by all ports together.
prometheus::Counter& DeltaGaps(Metrics& metrics);

}  // namespace tocsin::ingest
