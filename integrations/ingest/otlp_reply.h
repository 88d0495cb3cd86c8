#pragma once

#include "integrations/ingest/log_decode.h"
#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {

// What a sender is told when its samples are durable: with partial_success if points were rejected
// or something else was left out.
opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse OtlpReply(
    const OtlpSamples& result);
// The same to who sent log records, or if a counter found no room.
opentelemetry::proto::collector::logs::v1::ExportLogsServiceResponse LogReply(
    const LogSamples& result);

}  // namespace tocsin::ingest
