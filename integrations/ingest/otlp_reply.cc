#include "integrations/ingest/otlp_reply.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace tocsin::ingest {

opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse OtlpReply(
    const OtlpSamples& result) {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse reply;
  std::string text = result.rejected.Describe();
  if (!result.warning.empty()) absl::StrAppend(&text, text.empty() ? "" : "; ", result.warning);
  if (text.empty()) return reply;
  auto* partial = reply.mutable_partial_success();
  partial->set_rejected_data_points(static_cast<int64_t>(result.rejected.total()));
  partial->set_error_message(text);
  return reply;
}

opentelemetry::proto::collector::logs::v1::ExportLogsServiceResponse LogReply(
    const LogSamples& result) {
  opentelemetry::proto::collector::logs::v1::ExportLogsServiceResponse reply;
  const std::string text = result.Describe();
  if (text.empty()) return reply;
  auto* partial = reply.mutable_partial_success();
  partial->set_rejected_log_records(static_cast<int64_t>(result.rejected.total()));
  partial->set_error_message(text);
  return reply;
}

}  // namespace tocsin::ingest
