// Any text as OTLP in JSON:
//   - an answer of the documented kinds, with a message; never beyond the limit
//   - what comes out is a message that protobuf reads
//   - that message written as JSON by protobuf comes to the same message again

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <string>

#include "base/check.h"
#include "integrations/ingest/json_wire.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "tests/fuzz/input.h"

namespace tocsin::ingest {
namespace {

using Request = opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
constexpr size_t kBytesMax = 1 << 16;

void Check(absl::string_view json) {
  const auto wire = WireFromJson(json, *Request::descriptor(), kBytesMax, nullptr);
  if (!wire.ok()) {
    TOCSIN_CHECK(absl::IsInvalidArgument(wire.status()) || absl::IsResourceExhausted(wire.status()))
        << wire.status();
    TOCSIN_CHECK(!wire.status().message().empty());
    return;
  }
  TOCSIN_CHECK(wire->size() <= 2 * kBytesMax);
  Request request;
  TOCSIN_CHECK(request.ParseFromString(*wire)) << "no message";
  std::string written;
  if (!google::protobuf::util::MessageToJsonString(request, &written).ok()) return;
  const auto again = WireFromJson(written, *Request::descriptor(), 16 * kBytesMax, nullptr);
  TOCSIN_CHECK(again.ok()) << again.status() << " for " << written;
  Request same;
  TOCSIN_CHECK(same.ParseFromString(*again));
  TOCSIN_CHECK(same.ShortDebugString() == request.ShortDebugString()) << written;
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;
  tocsin::ingest::Check(tocsin::fuzz::Text(data, size));
  return 0;
}
