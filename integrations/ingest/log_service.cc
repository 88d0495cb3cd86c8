#include "integrations/ingest/log_service.h"

#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/otlp_reply.h"

namespace tocsin::ingest {

LogService::LogService(const CallParts& parts, Metrics& metrics, LogCounters& counters)
    : decoder_(parts.limits, counters),
      metrics_(metrics, "otlp_logs_grpc"),
      calls_(parts, metrics_.requests,
             [this](absl::string_view message, const ExportContext& context) {
               return Decode(message, context);
             }) {}

absl::StatusOr<DecodedExport> LogService::Decode(absl::string_view message,
                                                 const ExportContext& context) {
  TOCSIN_ASSIGN_OR_RETURN(LogSamples samples, decoder_.Decode(message, context.now, &context.room));
  DecodedExport decoded;
  decoded.batch = std::exchange(samples.batch, {});
  const size_t count = decoded.batch.size();
  decoded.charged = samples.records;
  decoded.reply = [this, count, result = std::make_shared<LogSamples>(std::move(samples))](
                      const absl::Status& committed) -> absl::StatusOr<std::string> {
    metrics_.AddTaken(*result, committed.ok() ? count : 0);
    return LogReply(*result).SerializeAsString();
  };
  return decoded;
}

}  // namespace tocsin::ingest
