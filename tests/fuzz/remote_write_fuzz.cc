// Any bytes as a request of remote write, in both versions, plain or a snappy block, through
// decompressing, decoding and the log record:
//   - an answer of the documented kinds, with a message; never beyond the limits
//   - what protobuf takes is taken, and each of its samples is either in the batch or rejected
//   - samples are of known series, within the time limits, with valid histograms
//   - the same request again, with all series known, comes to the same but for zeros where counters
//     began
//   - of the exemplars no more are kept than it says, each with a trace
//   - the record that the log keeps reads back as the batch
// Inputs: message_input.h, of version 2.0 if the first byte is odd.

#include <google/protobuf/stubs/logging.h>

#include <string>

#include "base/check.h"
#include "base/metrics.h"
#include "integrations/ingest/decompress.h"
#include "integrations/ingest/remote_write_decode.h"
#include "proto/io/prometheus/write/v1/request.pb.h"
#include "proto/io/prometheus/write/v2/request.pb.h"
#include "storage/log_record.h"
#include "tests/fuzz/batch_checks.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message_input.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::ingest {
namespace {

using RequestV1 = io::prometheus::write::v1::WriteRequest;
using RequestV2 = io::prometheus::write::v2::Request;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

// Samples of what protobuf reads in the bytes.
template <typename Request>
std::optional<size_t> SamplesOf(absl::string_view bytes) {
  Request request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  size_t samples = 0;
  for (const auto& series : request.timeseries()) {
    samples += static_cast<size_t>(series.samples_size() + series.histograms_size());
  }
  return samples;
}

void CheckRequest(RemoteWriteVersion version, absl::string_view bytes) {
  const Limits limits = fuzz::SmallLimits();
  fuzz::RegistrySink sink(limits);
  tocsin::Metrics metrics;
  Budget memory(metrics, {.reason = "decoding",
                          .limit = "ingest_decode_bytes_max",
                          .amount_max = limits.ingest_decode_bytes_max});
  ExemplarStore exemplars(8);
  RemoteWriteDecoder decoder(limits, sink, &exemplars);
  BudgetLease room(memory);
  const auto decoded = decoder.Decode(version, bytes, kNow, &room);
  if (!decoded.ok()) {
    TOCSIN_CHECK(absl::IsInvalidArgument(decoded.status()) ||
                 absl::IsResourceExhausted(decoded.status()))
        << decoded.status();
    TOCSIN_CHECK(!decoded.status().message().empty());
    return;
  }
  const auto samples = version == RemoteWriteVersion::kV1 ? SamplesOf<RequestV1>(bytes)
                                                          : SamplesOf<RequestV2>(bytes);
  const size_t settled = decoded->batch.size() - decoded->begun.size() + decoded->rejected.total();
  TOCSIN_CHECK(!samples || *samples == settled) << *samples << " but " << settled;
  TOCSIN_CHECK((decoded->rejected.total() == 0) == decoded->rejected.Describe().empty());
  fuzz::CheckBatch(decoded->batch, limits, sink.registry, kNow);

  BudgetLease more_room(memory);
  const auto again = decoder.Decode(version, bytes, kNow, &more_room);
  TOCSIN_CHECK(again.ok()) << again.status();
  TOCSIN_CHECK(again->rejected.Describe() == decoded->rejected.Describe())
      << decoded->rejected.Describe() << " / " << again->rejected.Describe();
  TOCSIN_CHECK(again->histograms == decoded->histograms);
  TOCSIN_CHECK(exemplars.series() <= decoded->exemplars + again->exemplars);
  TOCSIN_CHECK(again->floats() == decoded->floats());
  if (again->begun.size() == decoded->begun.size()) fuzz::CheckSame(decoded->batch, again->batch);

  for (size_t i = 0; i < decoded->batch.size(); ++i) {
    for (const Exemplar& exemplar : exemplars.Newest(decoded->batch.refs[i])) {
      TOCSIN_CHECK(!exemplar.trace_id.empty() && exemplar.trace_id.size() <= 128);
    }
  }

  const auto record = storage::DecodeLogRecord(storage::EncodeLogRecord(decoded->batch, kNow));
  TOCSIN_CHECK(record.ok()) << record.status();
  fuzz::CheckSame(decoded->batch, record->samples);
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  namespace ingest = tocsin::ingest;
  if (size == 0) return 0;
  constexpr size_t kPlainMax = 1 << 16;
  const bool second = (data[0] & 1) != 0;
  const auto version = second ? ingest::RemoteWriteVersion::kV2 : ingest::RemoteWriteVersion::kV1;
  const absl::string_view text = tocsin::fuzz::Text(data + 1, size - 1);
  const std::string bytes = second ? tocsin::fuzz::ToWire(text, ingest::RequestV2())
                                   : tocsin::fuzz::ToWire(text, ingest::RequestV1());
  ingest::CheckRequest(version, bytes);
  for (const auto encoding : {ingest::ContentEncoding::kSnappy, ingest::ContentEncoding::kZstd}) {
    const auto plain = ingest::Decompress(encoding, bytes, kPlainMax, nullptr);
    if (!plain.ok()) continue;
    TOCSIN_CHECK(plain->size() <= kPlainMax);
    ingest::CheckRequest(version, *plain);
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  namespace ingest = tocsin::ingest;
  if (size == 0 || bytes_max < 2) {
    if (bytes_max > 0) data[0] = static_cast<uint8_t>('0' + (seed & 1));
    return bytes_max > 0 ? 1 : 0;
  }
  const absl::string_view text = tocsin::fuzz::Text(data + 1, size - 1);
  const ingest::RequestV1 first;
  const ingest::RequestV2 second;
  const google::protobuf::Message& prototype =
      (data[0] & 1) != 0 ? static_cast<const google::protobuf::Message&>(second) : first;
  const std::string changed =
      tocsin::fuzz::Mutate(tocsin::fuzz::ToWire(text, prototype), bytes_max - 1, seed, prototype);
  return 1 + changed.copy(reinterpret_cast<char*>(data + 1), bytes_max - 1);
}
