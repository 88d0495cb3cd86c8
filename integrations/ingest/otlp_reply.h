#pragma once

#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {

// What a sender is told when its samples are durable: with partial_success if points were rejected
// or something else was left out.
opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse OtlpReply(
    const OtlpSamples& result);

}  // namespace tocsin::ingest
