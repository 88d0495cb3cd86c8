#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/limits.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// What was sent as the labels of a series.
struct SentLabels {
  Labels labels;
  std::optional<RejectReason> reason;  // set: they are none
  std::string detail;
};

// Reads a message Label of 1.0. False if it is malformed.
bool ReadSentLabel(absl::string_view message, LabelView& label);

// Names and values as sent, into labels: refuses a missing metric name, empty or repeated names,
// what is not UTF-8, and more than limits.labels_per_series_max.
SentLabels MakeLabels(std::span<const LabelView> sent, const Limits& limits);

// The table of texts of a 2.0 request, with their hashes: a series names its labels by their
// places, so that its bytes do not tell which it is.
class SymbolTable {
 public:
  static constexpr size_t kBytesPerSymbol = sizeof(absl::string_view) + sizeof(absl::uint128);

  void Reserve(size_t symbols);
  void Add(absl::string_view symbol);
  // False if there is no such symbol. A hash of all texts in their order.
  bool KeyOf(std::span<const uint32_t> places, absl::uint128& key) const;
  // There must be such a symbol.
  absl::string_view operator[](uint32_t place) const { return symbols_[place]; }
  size_t size() const { return symbols_.size(); }

 private:
  std::vector<absl::string_view> symbols_;
  std::vector<absl::uint128> hashes_;
};

}  // namespace tocsin::ingest
