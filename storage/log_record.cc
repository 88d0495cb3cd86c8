#include "storage/log_record.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/labels.h"
#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/column_codec.h"
#include "storage/histogram_codec.h"

namespace tocsin::storage {
namespace {

constexpr uint8_t kFloats = 1;  // versions
constexpr uint8_t kWithHistograms = 2;
// Version, checksum of all that follows it, commit time.
constexpr size_t kChecksumAt = 1;
constexpr size_t kCommittedAt = kChecksumAt + 8;
constexpr size_t kBodyAt = kCommittedAt + 8;

uint64_t LoadWord(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}
void StoreWord(uint64_t word, char* to) {
  std::memcpy(to, &word, sizeof(word));
}

absl::Status CheckEnvelope(absl::string_view value) {
  absl::string_view rest = value;
  TOCSIN_RETURN_IF_ERROR(TakeVersion(rest, kWithHistograms, "log record"));
  if (value.size() < kBodyAt) return absl::DataLossError("log record: cut short");
  if (LoadWord(value.data() + kChecksumAt) != Hash64(value.substr(kCommittedAt))) {
    return absl::DataLossError("log record: checksum does not match");
  }
  return absl::OkStatus();
}

Timestamp CommittedOf(absl::string_view value) {
  return Timestamp::FromMillis(static_cast<int64_t>(LoadWord(value.data() + kCommittedAt)));
}

// The standard allows signed integers to be accessed as their unsigned type.
const uint64_t* Bits(const std::vector<int64_t>& numbers) {
  return reinterpret_cast<const uint64_t*>(numbers.data());
}
uint64_t* Bits(std::vector<int64_t>& numbers) {
  return reinterpret_cast<uint64_t*>(numbers.data());
}

void AppendHistograms(const SampleBatch& samples, std::string& out) {
  for (size_t i = 0; i < samples.size(); ++i) {
    const NativeHistogram* histogram = samples.histogram(i);
    TOCSIN_CHECK((histogram != nullptr) == IsHistogramMark(samples.values[i]))
        << "a value is marked exactly if it is a histogram";
    if (histogram != nullptr) AppendHistogram(out, *histogram);
  }
}

bool TakeHistograms(absl::string_view& in, SampleBatch& samples) {
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!IsHistogramMark(samples.values[i])) continue;
    HistogramPtr histogram = TakeHistogram(in);
    if (histogram == nullptr) return false;
    samples.SetHistogram(i, std::move(histogram));
  }
  return true;
}

bool TakeColumns(absl::string_view& in, uint64_t base_time, SampleBatch& samples) {
  uint64_t count = 0;
  if (!TakeVarint(in, count)) return false;
  // Before anything is allocated: no record is shorter than this.
  if (count > 2 * in.size() || DoubleColumnBytesMin(count) > in.size()) return false;
  samples.refs.resize(count);
  samples.times_ms.resize(count);
  samples.values.resize(count);
  return TakeIntegerColumn(in, count, 0, samples.refs.data()) &&
         TakeIntegerColumn(in, count, base_time, Bits(samples.times_ms)) &&
         TakeDoubleColumn(in, count, samples.values.data());
}

}  // namespace

std::string EncodeLogRecord(const SampleBatch& samples, Timestamp committed) {
  const size_t count = samples.size();
  TOCSIN_CHECK(samples.times_ms.size() == count && samples.values.size() == count)
      << "columns of a batch have equal length";
  const auto base_time = static_cast<uint64_t>(committed.millis());

  std::string value;
  value.resize(kBodyAt + kVarintBytesMax + 2 * IntegerColumnBytesMax(count) +
               DoubleColumnBytesMax(count) + 8);
  char* out = value.data();
  // Floats alone are written as they always were.
  const bool histograms = !samples.histograms.empty();
  out[0] = static_cast<char>(histograms ? kWithHistograms : kFloats);
  StoreWord(base_time, out + kCommittedAt);
  out += kBodyAt;
  std::string prefix;
  AppendVarint(prefix, count);
  std::memcpy(out, prefix.data(), prefix.size());
  out += prefix.size();
  out = PutIntegerColumn(samples.refs.data(), count, 0, out);
  out = PutIntegerColumn(Bits(samples.times_ms), count, base_time, out);
  out = PutDoubleColumn(samples.values.data(), count, out);
  value.resize(static_cast<size_t>(out - value.data()));
  if (histograms) AppendHistograms(samples, value);

  const absl::string_view view(value);
  StoreWord(Hash64(view.substr(kCommittedAt)), value.data() + kChecksumAt);
  return value;
}

absl::StatusOr<DecodedLogRecord> DecodeLogRecord(absl::string_view value) {
  TOCSIN_RETURN_IF_ERROR(CheckEnvelope(value));
  DecodedLogRecord record;
  record.committed = CommittedOf(value);
  absl::string_view body = value.substr(kBodyAt);
  if (!TakeColumns(body, static_cast<uint64_t>(record.committed.millis()), record.samples)) {
    return absl::DataLossError("log record: columns do not decode");
  }
  if (value.front() == kWithHistograms && !TakeHistograms(body, record.samples)) {
    return absl::DataLossError("log record: histograms do not decode");
  }
  if (!body.empty()) return absl::DataLossError("log record: longer than its content");
  return record;
}

absl::StatusOr<Timestamp> DecodeCommitTime(absl::string_view value) {
  TOCSIN_RETURN_IF_ERROR(CheckEnvelope(value));
  return CommittedOf(value);
}

}  // namespace tocsin::storage
