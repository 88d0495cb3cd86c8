// Any bytes as a SketchPayload of a Datadog Agent:
//   - what protobuf takes is taken, unless it is beyond the limits
//   - otherwise an error of the documented kinds, with a message
//   - samples are of known series, within the time limits, with valid histograms within theirs
//   - the same again, with all series known, comes to the same
// Inputs: message_input.h.

#include <google/protobuf/stubs/logging.h>

#include "integrations/datadog/sketch_wire.h"
#include "proto/datadog/agentpayload.pb.h"
#include "tests/fuzz/datadog_rig.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message_input.h"

namespace {

using Payload = ::datadog::agentpayload::SketchPayload;

bool IsMalformed(const std::string& bytes) {
  tocsin::fuzz::DatadogRig rig;
  tocsin::datadog::SampleTaker taker = rig.Taker();
  return absl::IsInvalidArgument(tocsin::datadog::TakeSketchPayload(bytes, taker));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  const std::string bytes = tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), Payload());
  tocsin::fuzz::CheckDatadogPayload(bytes, tocsin::datadog::TakeSketchPayload);
  Payload payload;
  // Protobuf takes some bytes that are no message; what it writes is one.
  if (payload.ParseFromString(bytes)) {
    TOCSIN_CHECK(!IsMalformed(payload.SerializeAsString()));
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  const google::protobuf::LogSilencer silent;
  const Payload prototype;
  const std::string changed = tocsin::fuzz::Mutate(
      tocsin::fuzz::ToWire(tocsin::fuzz::Text(data, size), prototype), bytes_max, seed, prototype);
  return changed.copy(reinterpret_cast<char*>(data), bytes_max);
}
