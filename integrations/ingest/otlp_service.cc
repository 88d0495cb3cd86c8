#include "integrations/ingest/otlp_service.h"

#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/otlp_reply.h"

namespace tocsin::ingest {

OtlpService::OtlpService(const CallParts& parts, Metrics& metrics, OtlpDecoder& decoder)
    : decoder_(decoder),
      metrics_(metrics, "otlp_grpc"),
      delta_gaps_(DeltaGaps(metrics)),
      calls_(parts, metrics_, [this](absl::string_view message, const ExportContext& context) {
        return Decode(message, context);
      }) {}

absl::StatusOr<DecodedExport> OtlpService::Decode(absl::string_view message,
                                                  const ExportContext& context) {
  TOCSIN_RETURN_IF_ERROR(context.room.Grow(decoder_.BytesToDecode(message.size())));
  TOCSIN_ASSIGN_OR_RETURN(OtlpSamples samples,
                          decoder_.Decode(message, context.now, &context.room, context.sender));
  DecodedExport decoded;
  decoded.batch = std::exchange(samples.batch, {});
  const size_t count = decoded.batch.size();
  decoded.charged = count + samples.rejected.total();
  decoded.reply = [this, count, result = std::make_shared<OtlpSamples>(std::move(samples))](
                      const absl::Status& committed) -> absl::StatusOr<std::string> {
    if (committed.ok()) return Reply(*result, count);
    decoder_.ForgetStarts(result->begun);
    return committed;
  };
  return decoded;
}

std::string OtlpService::Reply(const OtlpSamples& result, size_t samples) {
  metrics_.AddSamples(samples);
  metrics_.AddRejected(result.rejected);
  delta_gaps_.Increment(static_cast<double>(result.delta_gaps));
  return OtlpReply(result).SerializeAsString();
}

}  // namespace tocsin::ingest
