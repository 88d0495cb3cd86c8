// Any bytes as an OTLP request, plain or compressed, through inflating, decoding and the log
// record:
//   - an answer of the documented kinds, with a message; never beyond the limits
//   - what protobuf takes is taken, and each of its points is either in the batch or rejected
//   - samples are of known series, within the time limits, with valid histograms
//   - the same request again, with all series known, comes to the same but for the samples that say
//     where a counter began
//   - the record that the log keeps reads back as the batch
// Inputs: message_input.h.

#include <google/protobuf/stubs/logging.h>

#include <optional>
#include <string>

#include "base/check.h"
#include "base/metrics.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/inflate.h"
#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "storage/log_record.h"
#include "tests/fuzz/batch_checks.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message_input.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::ingest {
namespace {

namespace metrics = opentelemetry::proto::metrics::v1;
using Request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

// What a request asks for.
struct Asked {
  size_t points = 0;
  size_t samples_max = 0;  // that its points may make, and points that may be rejected besides
  bool deltas = false;

  // A series may also get a sample where it began.
  void Add(size_t series) {
    ++points;
    samples_max += 2 * series + 1;
  }
  template <typename Data>
  void AddTemporality(const Data& data) {
    deltas |= data.aggregation_temporality() == metrics::AGGREGATION_TEMPORALITY_DELTA;
  }
};

void Ask(const metrics::Metric& metric, Asked& asked) {
  for (int i = 0; i < metric.gauge().data_points_size(); ++i) asked.Add(1);
  for (int i = 0; i < metric.sum().data_points_size(); ++i) asked.Add(1);
  for (int i = 0; i < metric.exponential_histogram().data_points_size(); ++i) asked.Add(1);
  for (const auto& point : metric.histogram().data_points()) {
    asked.Add(static_cast<size_t>(point.explicit_bounds_size()) + 3);
  }
  for (const auto& point : metric.summary().data_points()) {
    asked.Add(static_cast<size_t>(point.quantile_values_size()) + 2);
  }
  asked.AddTemporality(metric.sum());
  asked.AddTemporality(metric.histogram());
  asked.AddTemporality(metric.exponential_histogram());
}

Asked Ask(const Request& request) {
  Asked asked;
  for (const auto& resource : request.resource_metrics()) {
    ++asked.samples_max;  // target_info
    for (const auto& scope : resource.scope_metrics()) {
      for (const auto& metric : scope.metrics()) Ask(metric, asked);
    }
  }
  return asked;
}

// Protobuf takes some bytes that are no message (tags of more than 32 bits); what it writes is one.
bool IsMalformedAsWritten(const Request& request) {
  const Limits limits = fuzz::SmallLimits();
  fuzz::RegistrySink sink(limits);
  OtlpDecoder decoder(limits, sink);
  return absl::IsInvalidArgument(decoder.Decode(request.SerializeAsString(), kNow).status());
}

void CheckAgainstProtobuf(absl::string_view bytes, const absl::StatusOr<OtlpSamples>& decoded) {
  Request request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  TOCSIN_CHECK(decoded.ok() || absl::IsResourceExhausted(decoded.status()) ||
               !IsMalformedAsWritten(request))
      << decoded.status();
  if (!decoded.ok()) return;
  const Asked asked = Ask(request);
  const size_t settled = decoded->batch.size() + decoded->rejected.total();
  TOCSIN_CHECK(settled >= asked.points) << settled << " of " << asked.points;
  TOCSIN_CHECK(settled <= asked.samples_max) << settled << " of " << asked.samples_max;
}

// Sent again, with all series and the times they began known, it comes to the same each time. Not
// so deltas, of which the newest alone are taken again.
void CheckRepeated(absl::string_view bytes, OtlpDecoder& decoder, Budget& memory,
                   const OtlpSamples& first) {
  Request request;
  const bool parses = request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!parses || Ask(request).deltas) return;
  std::optional<OtlpSamples> last;
  for (int i = 0; i < 2; ++i) {
    BudgetLease room(memory);
    auto again = decoder.Decode(bytes, kNow, &room);
    TOCSIN_CHECK(again.ok()) << again.status();
    TOCSIN_CHECK(again->rejected.Describe() == first.rejected.Describe())
        << first.rejected.Describe() << " / " << again->rejected.Describe();
    TOCSIN_CHECK(again->batch.size() <= first.batch.size());
    if (last) fuzz::CheckSame(last->batch, again->batch);
    last = *std::move(again);
  }
}

void CheckRequest(absl::string_view bytes) {
  const Limits limits = fuzz::SmallLimits();
  fuzz::RegistrySink sink(limits);
  tocsin::Metrics metrics;
  Budget memory(metrics, {.reason = "decoding",
                          .limit = "ingest_decode_bytes_max",
                          .amount_max = limits.ingest_decode_bytes_max});
  OtlpDecoder decoder(limits, sink);
  BudgetLease room(memory);
  const auto decoded = decoder.Decode(bytes, kNow, &room);
  CheckAgainstProtobuf(bytes, decoded);
  if (!decoded.ok()) {
    TOCSIN_CHECK(absl::IsInvalidArgument(decoded.status()) ||
                 absl::IsResourceExhausted(decoded.status()))
        << decoded.status();
    TOCSIN_CHECK(!decoded.status().message().empty());
    return;
  }
  TOCSIN_CHECK((decoded->rejected.total() == 0) == decoded->rejected.Describe().empty());
  fuzz::CheckBatch(decoded->batch, limits, sink.registry, kNow);

  CheckRepeated(bytes, decoder, memory, *decoded);

  const auto record = storage::DecodeLogRecord(storage::EncodeLogRecord(decoded->batch, kNow));
  TOCSIN_CHECK(record.ok()) << record.status();
  fuzz::CheckSame(decoded->batch, record->samples);
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  namespace ingest = tocsin::ingest;
  constexpr size_t kInflatedMax = 1 << 16;
  const std::string bytes = tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), ingest::Request());
  ingest::CheckRequest(bytes);
  const auto inflated = ingest::Inflate(bytes, kInflatedMax, nullptr);
  if (!inflated.ok()) return 0;
  TOCSIN_CHECK(inflated->size() <= kInflatedMax);
  ingest::CheckRequest(*inflated);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  const tocsin::ingest::Request prototype;
  const std::string changed = tocsin::fuzz::Mutate(
      tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), prototype), bytes_max, seed, prototype);
  return changed.copy(reinterpret_cast<char*>(data), bytes_max);
}
