#include "storage/keys.h"

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"

namespace tocsin::storage {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr size_t kFingerprintBytes = 16;
constexpr size_t kAlertKeyBytes = 2 * kFingerprintBytes;
constexpr size_t kChunkKeyBytes = 2 * kNumberBytes + 2;
constexpr size_t kHistoryKeyBytes = kAlertKeyBytes + 2 * kNumberBytes;

void AppendBigEndian(std::string& out, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

uint64_t ReadBigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

std::optional<uint64_t> ParseNumber(absl::string_view key) {
  if (key.size() != kNumberBytes) return std::nullopt;
  return ReadBigEndian(key);
}

std::string NumberKey(uint64_t number) {
  std::string key;
  AppendBigEndian(key, number);
  return key;
}

void AppendFingerprint(std::string& out, absl::uint128 fingerprint) {
  AppendBigEndian(out, absl::Uint128High64(fingerprint));
  AppendBigEndian(out, absl::Uint128Low64(fingerprint));
}

// Times before 1970 sort before later ones: the sign bit is flipped.
constexpr uint64_t kSignBit = uint64_t{1} << 63;

std::string Tagged(char tag, absl::string_view rest) {
  std::string key(1, tag);
  key.append(rest.data(), rest.size());
  return key;
}

}  // namespace

std::string LogKey(uint64_t offset) {
  return NumberKey(offset);
}
std::optional<uint64_t> ParseLogKey(absl::string_view key) {
  return ParseNumber(key);
}

std::string SeriesKey(SeriesRef ref) {
  return NumberKey(ref);
}
std::optional<SeriesRef> ParseSeriesKey(absl::string_view key) {
  return ParseNumber(key);
}

std::string ChunkPrefix(uint64_t block) {
  return NumberKey(block);
}
std::string ChunkPrefix(uint64_t block, SeriesRef ref) {
  std::string key = NumberKey(block);
  AppendBigEndian(key, ref);
  return key;
}
std::string EncodeChunkKey(const ChunkKey& key) {
  std::string bytes = ChunkPrefix(key.block, key.ref);
  bytes.push_back(static_cast<char>(key.part >> 8));
  bytes.push_back(static_cast<char>(key.part));
  return bytes;
}
std::optional<ChunkKey> ParseChunkKey(absl::string_view key) {
  if (key.size() != kChunkKeyBytes) return std::nullopt;
  const auto high = static_cast<unsigned char>(key[kChunkKeyBytes - 2]);
  const auto low = static_cast<unsigned char>(key[kChunkKeyBytes - 1]);
  return ChunkKey{ReadBigEndian(key), ReadBigEndian(key.substr(kNumberBytes)),
                  static_cast<uint16_t>(high << 8 | low)};
}
std::string BlockKey(uint64_t first_offset) {
  std::string key = kMetaBlockPrefix;
  AppendBigEndian(key, first_offset);
  return key;
}

std::string RulePrefix(absl::string_view rule) {
  std::string key;
  AppendFingerprint(key, Fingerprint128(rule));
  return key;
}

std::string AlertKey(absl::string_view rule, const Labels& labels) {
  std::string key = RulePrefix(rule);
  AppendFingerprint(key, labels.Fingerprint());
  return key;
}

std::string HistoryKey(absl::string_view rule, const Labels& labels, Timestamp time,
                       uint64_t sequence) {
  std::string key = AlertKey(rule, labels);
  AppendBigEndian(key, static_cast<uint64_t>(time.millis()) ^ kSignBit);
  AppendBigEndian(key, sequence);
  return key;
}

std::optional<Timestamp> ParseHistoryTime(absl::string_view key) {
  if (key.size() != kHistoryKeyBytes) return std::nullopt;
  const uint64_t bits = ReadBigEndian(key.substr(kAlertKeyBytes)) ^ kSignBit;
  return Timestamp::FromMillis(static_cast<int64_t>(bits));
}

std::optional<uint64_t> ParseHistorySequence(absl::string_view key) {
  if (key.size() != kHistoryKeyBytes) return std::nullopt;
  return ReadBigEndian(key.substr(kAlertKeyBytes + kNumberBytes));
}

// No rule's identity looks like this.
constexpr char kDeliveries[] = "deliveries";

std::string DeliveryPrefix(absl::string_view alias) {
  std::string key = RulePrefix(kDeliveries);
  AppendFingerprint(key, Fingerprint128(alias));
  return key;
}

std::string DeliveryKey(absl::string_view alias, Timestamp time, uint64_t sequence) {
  std::string key = DeliveryPrefix(alias);
  AppendBigEndian(key, static_cast<uint64_t>(time.millis()) ^ kSignBit);
  AppendBigEndian(key, sequence);
  return key;
}

bool IsDeliveryKey(absl::string_view key) {
  static const std::string prefix = RulePrefix(kDeliveries);
  return key.size() == kHistoryKeyBytes && key.substr(0, prefix.size()) == prefix;
}

std::string DesiredKey(absl::string_view alias) {
  return Tagged('d', alias);
}
std::string ProgressKey(absl::string_view alias) {
  return Tagged('c', alias);
}
std::string AsideKey(absl::string_view key) {
  return Tagged('x', key);
}

std::string ClockKey(size_t shard) {
  return absl::StrCat(kMetaClockPrefix, shard);
}

std::string DatadogHostKey(absl::string_view host) {
  return absl::StrCat(kMetaDatadogHostPrefix, host);
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace tocsin::storage
