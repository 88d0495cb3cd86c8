#include "integrations/ingest/remote_write_http.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tocsin::ingest {
namespace {

constexpr char kMediaType[] = "application/x-protobuf";

// The message that a Content-Type names; nullopt: none that we know. Senders of 1.0 that name no
// type are older than the specification.
std::optional<RemoteWriteVersion> VersionOf(absl::string_view content_type) {
  if (content_type.empty()) return RemoteWriteVersion::kV1;
  if (MediaTypeOf(content_type) != kMediaType) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(content_type, ';');
  for (size_t i = 1; i < parts.size(); ++i) {
    absl::string_view part = absl::StripAsciiWhitespace(parts[i]);
    if (!absl::ConsumePrefix(&part, "proto=")) continue;
    if (part == "prometheus.WriteRequest") return RemoteWriteVersion::kV1;
    if (part == "io.prometheus.write.v2.Request") return RemoteWriteVersion::kV2;
    return std::nullopt;
  }
  return RemoteWriteVersion::kV1;
}

absl::Status CheckType(absl::string_view content_type) {
  if (VersionOf(content_type)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Content-Type must be ", kMediaType,
      ", with proto=prometheus.WriteRequest, proto=io.prometheus.write.v2.Request or without"));
}

}  // namespace

HttpRoute RemoteWriteHttp::route() {
  HttpRoute route;
  route.path = "/api/v1/write";
  route.check_type = CheckType;
  route.encodings = {ContentEncoding::kSnappy};
  route.default_encoding = ContentEncoding::kSnappy;
  route.handle = [this](const http::HttpRequest& request, const IngestContext& context,
                        const http::Respond& respond) { Handle(request, context, respond); };
  route.refuse = [this](const http::HttpRequest&, int status, const absl::Status& reason) {
    metrics_.AddRequest(OutcomeOf(status));
    return http::HttpReply{.status = status, .body = absl::StrCat(reason.message(), "\n")};
  };
  return route;
}

void RemoteWriteHttp::Handle(const http::HttpRequest& request, const IngestContext& context,
                             const http::Respond& respond) {
  const RemoteWriteVersion version =
      VersionOf(request.Header("Content-Type")).value_or(RemoteWriteVersion::kV1);
  metrics_.AddBytes(request.body.size());
  absl::StatusOr<RemoteWriteSamples> decoded =
      decoder_.Decode(version, request.body, context.now, &context.room, context.sender);
  if (!decoded.ok()) return respond(Fail(version, decoded.status()));
  const Counts counts = {decoded->floats(), decoded->histograms, decoded->exemplars};
  SampleBatch batch = std::exchange(decoded->batch, {});
  context.Charge(batch.size() + decoded->rejected.total());
  if (batch.empty()) return respond(Answer(version, decoded->rejected, counts));
  sink_.SubmitFrom(
      context.sender, std::move(batch),
      [this, version, rejected = std::move(decoded->rejected), begun = std::move(decoded->begun),
       counts, respond](const absl::Status& status) {
        if (status.ok()) return respond(Answer(version, rejected, counts));
        decoder_.ForgetStarts(begun);
        respond(Fail(version, status));
      });
}

http::HttpReply RemoteWriteHttp::Fail(RemoteWriteVersion version, const absl::Status& reason) {
  const int status = HttpStatusOf(reason);
  metrics_.AddRequest(OutcomeOf(status));
  http::HttpReply reply = {.status = status, .body = absl::StrCat(reason.message(), "\n")};
  AddRetryAfter(reply, retry_after_);
  AddWritten(version, {}, reply);
  return reply;
}

http::HttpReply RemoteWriteHttp::Answer(RemoteWriteVersion version, const RejectTally& rejected,
                                        Counts written) {
  metrics_.AddSamples(written.floats + written.histograms);
  metrics_.AddRejected(rejected);
  http::HttpReply reply = {.status = 204};
  if (rejected.total() > 0) reply = {.status = 400, .body = rejected.Describe() + "\n"};
  metrics_.AddRequest(OutcomeOf(reply.status));
  AddWritten(version, written, reply);
  return reply;
}

void RemoteWriteHttp::AddWritten(RemoteWriteVersion version, Counts written,
                                 http::HttpReply& reply) {
  if (version != RemoteWriteVersion::kV2) return;
  const std::pair<const char*, uint64_t> counts[] = {{"Samples", written.floats},
                                                     {"Histograms", written.histograms},
                                                     {"Exemplars", written.exemplars}};
  for (const auto& [what, count] : counts) {
    reply.headers.emplace_back(absl::StrCat("X-Prometheus-Remote-Write-", what, "-Written"),
                               absl::StrCat(count));
  }
}

}  // namespace tocsin::ingest
