#include "integrations/ingest/otlp_encode.h"

#include "base/sample.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {
namespace {

namespace metrics = opentelemetry::proto::metrics::v1;

template <typename Message>
void AddAttributes(const Attributes& attributes, Message& message) {
  for (const auto& [key, value] : attributes) {
    auto* attribute = message.add_attributes();
    attribute->set_key(key);
    attribute->mutable_value()->set_string_value(value);
  }
}

metrics::NumberDataPoint* AddPoint(PointKind kind, metrics::Metric& metric) {
  if (kind == PointKind::kGauge) return metric.mutable_gauge()->add_data_points();
  metrics::Sum* sum = metric.mutable_sum();
  sum->set_is_monotonic(kind == PointKind::kMonotonicSum);
  sum->set_aggregation_temporality(metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
  return sum->add_data_points();
}

void Fill(const OutgoingPoint& point, metrics::NumberDataPoint& out) {
  out.set_time_unix_nano(static_cast<uint64_t>(point.time.millis()) * 1'000'000);
  if (IsStaleMarker(point.value)) {
    out.set_flags(metrics::DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK);
  } else {
    out.set_as_double(point.value);
  }
  AddAttributes(point.attributes, out);
}

}  // namespace

std::string EncodeOtlp(const Attributes& resource, const std::vector<OutgoingPoint>& points) {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  auto* of_resource = request.add_resource_metrics();
  AddAttributes(resource, *of_resource->mutable_resource());
  auto* of_scope = of_resource->add_scope_metrics();
  of_scope->mutable_scope()->set_name("tocsin");
  const OutgoingPoint* previous = nullptr;
  metrics::Metric* metric = nullptr;
  for (const OutgoingPoint& point : points) {
    const bool same = previous != nullptr && previous->name == point.name &&
                      previous->unit == point.unit && previous->kind == point.kind;
    if (!same) {
      metric = of_scope->add_metrics();
      metric->set_name(point.name);
      metric->set_unit(point.unit);
    }
    Fill(point, *AddPoint(point.kind, *metric));
    previous = &point;
  }
  return request.SerializeAsString();
}

}  // namespace tocsin::ingest
