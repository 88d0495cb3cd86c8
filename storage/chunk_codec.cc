#include "storage/chunk_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/decimal.h"
#include "base/labels.h"
#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/column_codec.h"
#include "storage/histogram_codec.h"
#include "storage/packed_column.h"

namespace tocsin::storage {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumAt = 1;
constexpr size_t kBodyAt = kChecksumAt + sizeof(uint32_t);
constexpr uint8_t kBits = 0xff;  // in the place of a scale: no decimals
// So many of the values may be none of the decimals, as a stale marker is.
constexpr size_t kOddOneIn = 8;

uint32_t Checksum(absl::string_view body) {
  return static_cast<uint32_t>(Hash64(body));
}

// Values as whole numbers / 10^scale, and those that are not.
struct Decimals {
  size_t scale = 0;
  std::vector<int64_t> whole;  // of an odd one: that of the value before
  std::vector<size_t> odd;
};

// The smallest scale that `values` need, odd ones aside; nullopt if there are too many of these.
std::optional<size_t> ScaleOf(const double* values, size_t count) {
  size_t scale = 0, odd = 0;
  int64_t whole = 0;
  for (size_t i = 0; i < count; ++i) {
    size_t needed = scale;
    while (needed <= kDecimalScaleMax && !ToDecimal(values[i], needed, whole)) ++needed;
    if (needed <= kDecimalScaleMax) {
      scale = needed;
    } else if (++odd > count / kOddOneIn) {
      return std::nullopt;
    }
  }
  return scale;
}

std::optional<Decimals> ToDecimals(const double* values, size_t count) {
  const std::optional<size_t> scale = ScaleOf(values, count);
  if (!scale) return std::nullopt;
  Decimals decimals;
  decimals.scale = *scale;
  decimals.whole.resize(count);
  int64_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    // What needed a smaller scale may not fit the largest.
    if (!ToDecimal(values[i], *scale, decimals.whole[i])) {
      decimals.odd.push_back(i);
      decimals.whole[i] = before;
    }
    before = decimals.whole[i];
  }
  if (decimals.odd.size() > count / kOddOneIn) return std::nullopt;
  return decimals;
}

void AppendBits(std::string& out, double value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(bytes));
}

bool TakeBits(absl::string_view& in, double& value) {
  if (in.size() < sizeof(value)) return false;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return true;
}

void AppendValues(std::string& out, const double* values, size_t count) {
  const std::optional<Decimals> decimals = ToDecimals(values, count);
  if (!decimals) {
    out.push_back(static_cast<char>(kBits));
    const size_t begin = out.size();
    out.resize(begin + DoubleColumnBytesMax(count) + 8);
    const char* end = PutDoubleColumn(values, count, out.data() + begin);
    out.resize(static_cast<size_t>(end - out.data()));
    return;
  }
  out.push_back(static_cast<char>(decimals->scale));
  AppendVarint(out, decimals->odd.size());
  for (size_t i : decimals->odd) {
    AppendVarint(out, i);
    AppendBits(out, values[i]);
  }
  AppendPackedColumn(out, decimals->whole.data(), count);
}

bool TakeDecimals(absl::string_view& in, size_t scale, size_t count, double* values) {
  uint64_t odd = 0;
  if (!TakeVarint(in, odd) || odd > count) return false;
  std::vector<std::pair<uint64_t, double>> odd_ones(odd);
  for (auto& [i, value] : odd_ones) {
    if (!TakeVarint(in, i) || i >= count || !TakeBits(in, value)) return false;
  }
  std::vector<int64_t> whole(count);
  if (!TakePackedColumn(in, count, whole.data())) return false;
  for (size_t i = 0; i < count; ++i) values[i] = FromDecimal(whole[i], scale);
  for (const auto& [i, value] : odd_ones) values[i] = value;
  return true;
}

bool TakeValues(absl::string_view& in, size_t count, double* values) {
  if (in.empty()) return false;
  const auto scale = static_cast<uint8_t>(in.front());
  in.remove_prefix(1);
  if (scale == kBits) return TakeDoubleColumn(in, count, values);
  return scale <= kDecimalScaleMax && TakeDecimals(in, scale, count, values);
}

// All of a chunk's values that are marks have a histogram, in their order.
bool TakeHistograms(absl::string_view& in, SampleBatch& out, size_t begin) {
  for (size_t i = begin; i < out.size(); ++i) {
    if (!IsHistogramMark(out.values[i])) continue;
    HistogramPtr histogram = TakeHistogram(in);
    if (histogram == nullptr) return false;
    out.SetHistogram(i, std::move(histogram));
  }
  return true;
}

bool TakeBody(absl::string_view& in, SeriesRef ref, SampleBatch& out) {
  uint64_t count = 0;
  if (!TakeVarint(in, count) || count == 0 || count > kChunkSamplesMax) return false;
  const size_t begin = out.size();
  out.refs.resize(begin + count, ref);
  out.times_ms.resize(begin + count);
  out.values.resize(begin + count);
  return TakePackedColumn(in, count, out.times_ms.data() + begin) &&
         TakeValues(in, count, out.values.data() + begin) && TakeHistograms(in, out, begin) &&
         in.empty();
}

}  // namespace

std::string EncodeChunk(const SampleBatch& samples, size_t begin, size_t end) {
  const size_t count = end - begin;
  TOCSIN_CHECK(count >= 1 && count <= kChunkSamplesMax) << count << " samples";
  std::string value(kBodyAt, '\0');
  AppendVarint(value, count);
  AppendPackedColumn(value, samples.times_ms.data() + begin, count);
  AppendValues(value, samples.values.data() + begin, count);
  for (size_t i = begin; i < end; ++i) {
    const NativeHistogram* histogram = samples.histogram(i);
    TOCSIN_CHECK((histogram != nullptr) == IsHistogramMark(samples.values[i]))
        << "a value is marked exactly if it is a histogram";
    if (histogram != nullptr) AppendHistogram(value, *histogram);
  }
  value[0] = static_cast<char>(kVersion);
  const uint32_t checksum = Checksum(absl::string_view(value).substr(kBodyAt));
  std::memcpy(value.data() + kChecksumAt, &checksum, sizeof(checksum));
  return value;
}

absl::Status DecodeChunk(absl::string_view value, SeriesRef ref, SampleBatch& out) {
  absl::string_view rest = value;
  TOCSIN_RETURN_IF_ERROR(TakeVersion(rest, kVersion, "chunk"));
  if (value.size() < kBodyAt) return absl::DataLossError("chunk: cut short");
  uint32_t checksum = 0;
  std::memcpy(&checksum, value.data() + kChecksumAt, sizeof(checksum));
  absl::string_view body = value.substr(kBodyAt);
  if (checksum != Checksum(body)) return absl::DataLossError("chunk: checksum does not match");
  if (!TakeBody(body, ref, out)) return absl::DataLossError("chunk: does not decode");
  return absl::OkStatus();
}

}  // namespace tocsin::storage
