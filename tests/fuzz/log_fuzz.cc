// Any bytes as an OTLP logs request, through decoding and counting:
//   - an answer of the documented kinds, with a message
//   - what protobuf takes is taken, each record is looked at or rejected, and a counter of
//   severities
//     counts as many as protobuf's classes do
//   - counters and their samples stay within their limits
// Inputs: message_input.h.

#include <google/protobuf/stubs/logging.h>

#include <map>
#include <string>

#include "base/check.h"
#include "integrations/ingest/log_decode.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message_input.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::ingest {
namespace {

using Request = opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

RecordField Field(const char* text) {
  return *ParseRecordField(text);
}

std::vector<LogCounterRule> Rules() {
  const auto is = [](const char* word) {
    return [word](absl::string_view text) { return text == word; };
  };
  return {
      {.name = "errors", .tests = {{Field("severity"), is("error")}}, .labels = {}},
      {.name = "by_field",
       .tests = {{Field("attributes.a"), is("x")}},
       .labels = {{"s", Field("resource.service.name")}, {"e", Field("event_name")}}},
      {.name = "bodies", .tests = {{Field("body"), is("text")}}, .labels = {{"c", Field("scope")}}},
  };
}

struct Expected {
  uint64_t records = 0;
  uint64_t errors = 0;
};

Expected Expect(const Request& request) {
  Expected expected;
  for (const auto& resource : request.resource_logs()) {
    for (const auto& scope : resource.scope_logs()) {
      for (const auto& record : scope.log_records()) {
        ++expected.records;
        if (record.severity_number() >= 17 && record.severity_number() <= 20) ++expected.errors;
      }
    }
  }
  return expected;
}

double TotalOf(const SampleBatch& batch, const engine::SeriesRegistry& registry,
               absl::string_view name) {
  double total = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (registry.Get(batch.refs[i]).Get(kMetricName) == name) total = batch.values[i];
  }
  return total;
}

// Protobuf takes some bytes that are no message (tags of more than 32 bits); what it writes is one.
bool IsMalformedAsWritten(const Request& request, const Limits& limits) {
  fuzz::RegistrySink sink(limits);
  LogCounters counters(sink);
  counters.SetRules(Rules(), kNow);
  return absl::IsInvalidArgument(
      LogDecoder(limits, counters).Decode(request.SerializeAsString(), kNow).status());
}

void CheckRequest(absl::string_view bytes) {
  Limits limits;
  limits.series_max = 16;
  limits.label_value_bytes_max = 64;
  limits.request_bytes_max = 1 << 16;
  limits.samples_per_request_max = 64;
  fuzz::RegistrySink sink(limits);
  LogCounters counters(sink);
  counters.SetRules(Rules(), kNow);
  LogDecoder decoder(limits, counters);
  const auto decoded = decoder.Decode(bytes, kNow);
  Request request;
  const bool parses = request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!decoded.ok()) {
    TOCSIN_CHECK(absl::IsInvalidArgument(decoded.status()) ||
                 absl::IsResourceExhausted(decoded.status()))
        << decoded.status();
    TOCSIN_CHECK(!parses || absl::IsResourceExhausted(decoded.status()) ||
                 !IsMalformedAsWritten(request, limits))
        << decoded.status();
    return;
  }
  TOCSIN_CHECK(sink.registry.size() <= limits.series_max);
  TOCSIN_CHECK(decoded->batch.size() <= 2 * counters.counters());
  TOCSIN_CHECK(decoded->records >= decoded->rejected.total());
  if (!parses) return;
  const Expected expected = Expect(request);
  TOCSIN_CHECK(decoded->records == expected.records) << decoded->records;
  const double errors = TotalOf(decoded->batch, sink.registry, "errors");
  const auto least =
      static_cast<double>(expected.errors) - static_cast<double>(decoded->rejected.total());
  TOCSIN_CHECK(errors <= static_cast<double>(expected.errors) && errors >= least) << errors;
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  tocsin::ingest::CheckRequest(
      tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), tocsin::ingest::Request()));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  const tocsin::ingest::Request prototype;
  const std::string changed = tocsin::fuzz::Mutate(
      tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), prototype), bytes_max, seed, prototype);
  return changed.copy(reinterpret_cast<char*>(data), bytes_max);
}
