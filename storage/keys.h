#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/sample.h"
#include "base/timestamp.h"

namespace tocsin::storage {

// The keys of every record; FORMAT.md shows their bytes. Numbers are big-endian, so that the order
// of keys is the order of the numbers. Pure functions, any thread.

// Family `log`: one record per committed batch.
std::string LogKey(uint64_t offset);
std::optional<uint64_t> ParseLogKey(absl::string_view key);

// Family `series`.
std::string SeriesKey(SeriesRef ref);
std::optional<SeriesRef> ParseSeriesKey(absl::string_view key);

// Family `chunks`: samples of one series in one block, which goes by the first offset of the log it
// was made of. A series with very many samples has several parts.
struct ChunkKey {
  uint64_t block = 0;
  SeriesRef ref = 0;
  uint16_t part = 0;
};
std::string EncodeChunkKey(const ChunkKey& key);
std::optional<ChunkKey> ParseChunkKey(absl::string_view key);
// The smallest key of a block, and of a series in it.
std::string ChunkPrefix(uint64_t block);
std::string ChunkPrefix(uint64_t block, SeriesRef ref);

// Families `alerts` and `history`. `rule` is the identity of a rule, `labels` the alert's canonical
// label set; both enter as 128-bit fingerprints, so keys have a fixed length and all alerts of a
// rule are neighbours.
std::string RulePrefix(absl::string_view rule);
std::string AlertKey(absl::string_view rule, const Labels& labels);
// All transitions of one alert start with its AlertKey(), in order of time. `sequence` tells
// transitions of the same evaluation apart.
std::string HistoryKey(absl::string_view rule, const Labels& labels, Timestamp time,
                       uint64_t sequence);
// The time in a key of family `history`; nullopt if it is none.
std::optional<Timestamp> ParseHistoryTime(absl::string_view key);
// And its sequence; nullopt likewise.
std::optional<uint64_t> ParseHistorySequence(absl::string_view key);

// Also family `history`: the delivery of a page. A fingerprint that no rule has stands in the place
// of the rule's, the alias' in that of the labels, so retention treats them as transitions.
std::string DeliveryPrefix(absl::string_view alias);
std::string DeliveryKey(absl::string_view alias, Timestamp time, uint64_t sequence);
bool IsDeliveryKey(absl::string_view key);

// Family `outbox`.
std::string DesiredKey(absl::string_view alias);
std::string ProgressKey(absl::string_view alias);
// Where an outbox record that does not decode is kept for inspection.
std::string AsideKey(absl::string_view key);

// Family `silences`: the silence's id is the key as it is.

// Family `meta`.
inline constexpr char kMetaFormat[] = "format";       // number of the on-disk format
inline constexpr char kMetaLogStart[] = "log_start";  // first offset that retention kept

// Family `meta`: "block/" and its first offset: state.v1.BlockRecord.
inline constexpr char kMetaBlockPrefix[] = "block/";
std::string BlockKey(uint64_t first_offset);

// Family `meta`: "clock/" and the shard's number: state.v1.ClockRecord.
inline constexpr char kMetaClockPrefix[] = "clock/";
std::string ClockKey(size_t shard);

// Family `meta`: "datadog_host/" and the host's name: state.v1.DatadogHostRecord.
inline constexpr char kMetaDatadogHostPrefix[] = "datadog_host/";
std::string DatadogHostKey(absl::string_view host);

// The smallest key that is greater than every key with this prefix; "" (no end) if there is none.
std::string PrefixEnd(std::string prefix);

}  // namespace tocsin::storage
