// Any bytes as the messages of one native stream, in order:
//   - each is answered or ends the stream, by InvalidArgument or for want of room, with a message
//   - what protobuf takes is decoded: every sample is in the batch or rejected, in its order, and
//   the
//     sequence comes back
//   - declarations and samples stay within their limits
//   - samples are of known series and within the time limits
// Inputs: message_input.h.

#include <google/protobuf/stubs/logging.h>

#include <string>

#include "base/check.h"
#include "base/metrics.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/push_session.h"
#include "proto/tocsin/v1/ingest.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message_input.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::ingest {
namespace {

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

// Small, so that they are met.
Limits SmallLimits() {
  Limits limits;
  limits.series_max = 8;
  limits.labels_per_series_max = 6;
  limits.label_name_bytes_max = 32;
  limits.label_value_bytes_max = 64;
  limits.samples_per_request_max = 32;
  return limits;
}

// Protobuf takes some bytes that are no message (tags of more than 32 bits); what it writes is one.
bool IsMalformedAsWritten(const v1::PushRequest& request, const Limits& limits) {
  fuzz::RegistrySink sink(limits);
  tocsin::Metrics metrics;
  Budget declarations(metrics, {.reason = "declarations", .limit = "", .amount_max = 1000});
  PushSession session(limits, sink, declarations);
  return absl::IsInvalidArgument(session.Decode(request.SerializeAsString(), kNow).status());
}

void CheckAgainstProtobuf(const std::string& wire, const Limits& limits,
                          const absl::StatusOr<PushSamples>& decoded) {
  v1::PushRequest request;
  if (!request.ParseFromString(wire)) return;
  const bool same_length = request.references_size() == request.times_delta_ms_size() &&
                           request.references_size() == request.values_size();
  // More samples than are taken are counted, not kept, so their columns are not compared.
  if (!decoded.ok()) {
    TOCSIN_CHECK(!same_length || !absl::IsInvalidArgument(decoded.status()) ||
                 !IsMalformedAsWritten(request, limits))
        << decoded.status();
    return;
  }
  TOCSIN_CHECK(same_length) << "columns of different length were taken";
  TOCSIN_CHECK(decoded->sequence == request.sequence());
  const auto samples = static_cast<size_t>(request.references_size());
  TOCSIN_CHECK(decoded->batch.size() + decoded->rejected.total() == samples);
}

void CheckBatch(const SampleBatch& batch, const Limits& limits,
                const engine::SeriesRegistry& registry) {
  TOCSIN_CHECK(batch.times_ms.size() == batch.size() && batch.values.size() == batch.size());
  TOCSIN_CHECK(batch.size() <= limits.samples_per_request_max);
  TOCSIN_CHECK(batch.histograms.empty());
  for (size_t i = 0; i < batch.size(); ++i) {
    TOCSIN_CHECK(!registry.Get(batch.refs[i]).empty()) << batch.refs[i];
    const int64_t ahead_ms = batch.times_ms[i] - kNow.millis();
    TOCSIN_CHECK(ahead_ms <= static_cast<int64_t>(limits.future_ms_max)) << ahead_ms;
    TOCSIN_CHECK(-ahead_ms <= static_cast<int64_t>(limits.past_ms_max)) << ahead_ms;
  }
}

void CheckStream(const std::vector<std::string>& messages) {
  const Limits limits = SmallLimits();
  fuzz::RegistrySink sink(limits);
  tocsin::Metrics metrics;
  Budget declarations(metrics, {.reason = "declarations",
                                .limit = "thrice series_max",
                                .amount_max = 3 * limits.series_max});
  PushSession session(limits, sink, declarations);
  for (const std::string& wire : messages) {
    const auto decoded = session.Decode(wire, kNow);
    TOCSIN_CHECK(session.declared() <= limits.series_max) << session.declared();
    TOCSIN_CHECK(sink.registry.size() <= limits.series_max);
    CheckAgainstProtobuf(wire, limits, decoded);
    if (!decoded.ok()) {
      TOCSIN_CHECK(absl::IsInvalidArgument(decoded.status()) ||
                   absl::IsUnavailable(decoded.status()))
          << decoded.status();
      TOCSIN_CHECK(!decoded.status().message().empty());
      return;
    }
    TOCSIN_CHECK((decoded->rejected.total() == 0) == decoded->rejected.Describe().empty());
    CheckBatch(decoded->batch, limits, sink.registry);
  }
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  tocsin::ingest::CheckStream(
      tocsin::fuzz::ToWires(tocsin::fuzz::Text(data, size), tocsin::v1::PushRequest()));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  const tocsin::v1::PushRequest prototype;
  std::vector<std::string> wires = tocsin::fuzz::ToWires(tocsin::fuzz::Text(data, size), prototype);
  if (wires.empty() || seed % 16 == 0) wires.emplace_back(wires.empty() ? "" : wires[0]);
  std::string& wire = wires[seed / 16 % wires.size()];
  wire = tocsin::fuzz::Mutate(wire, wire.size() + 256, seed / 7, prototype);
  return tocsin::fuzz::Join(wires).copy(reinterpret_cast<char*>(data), bytes_max);
}
