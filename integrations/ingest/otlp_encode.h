#pragma once

#include <string>
#include <vector>

#include "base/timestamp.h"
#include "integrations/ingest/otlp_attributes.h"
#include "integrations/ingest/otlp_names.h"

namespace tocsin::ingest {

// One point to send; attribute values are sent as strings. Sums are cumulative.
struct OutgoingPoint {
  std::string name;
  std::string unit;
  PointKind kind = PointKind::kGauge;
  Attributes attributes;
  Timestamp time;
  double value = 0;  // the stale marker is sent as "no recorded value"
};

// A serialized ExportMetricsServiceRequest of one resource. Neighbouring points of equal name, unit
// and kind share a metric.
std::string EncodeOtlp(const Attributes& resource, const std::vector<OutgoingPoint>& points);

}  // namespace tocsin::ingest
