#include "integrations/ingest/remote_write_labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

// Well-mixed hashes times an odd number, so that their order counts.
constexpr auto kOdd = absl::MakeUint128(0x9e3779b97f4a7c15, 0xf39cc0605cedc835);

SentLabels Refused(RejectReason reason, std::string detail) {
  return {Labels(), reason, std::move(detail)};
}

bool HasRepeatedName(std::span<const LabelView> sent) {
  std::vector<absl::string_view> names;
  names.reserve(sent.size());
  for (const LabelView& label : sent) names.push_back(label.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

bool ReadSentLabel(absl::string_view message, LabelView& label) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        label.name = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        label.value = fields.Bytes();
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

SentLabels MakeLabels(std::span<const LabelView> sent, const Limits& limits) {
  if (sent.size() > limits.labels_per_series_max) {
    return Refused(RejectReason::kLabelLimit,
                   absl::StrCat("a series with ", sent.size(), " labels"));
  }
  LabelsBuilder builder;
  for (const LabelView& label : sent) {
    if (!IsUtf8(label.name) || !IsUtf8(label.value)) {
      return Refused(RejectReason::kInvalidUtf8, "a label that is not UTF-8");
    }
    if (label.name.empty()) {
      return Refused(RejectReason::kInvalidLabel, "a label without a name");
    }
    builder.Set(label.name, label.value);
  }
  Labels labels = builder.Build();
  if (HasRepeatedName(sent)) {
    return Refused(RejectReason::kDuplicateLabel,
                   absl::StrCat("a label twice in ", labels.ToString()));
  }
  if (labels.metric_name().empty()) {
    return Refused(RejectReason::kInvalidName,
                   absl::StrCat("no metric name in ", labels.ToString()));
  }
  return {std::move(labels), std::nullopt, ""};
}

void SymbolTable::Reserve(size_t symbols) {
  symbols_.reserve(symbols);
  hashes_.reserve(symbols);
}

void SymbolTable::Add(absl::string_view symbol) {
  symbols_.push_back(symbol);
  hashes_.push_back(Fingerprint128(symbol));
}

bool SymbolTable::KeyOf(std::span<const uint32_t> places, absl::uint128& key) const {
  key = kOdd;
  for (const uint32_t place : places) {
    if (place >= hashes_.size()) return false;
    key = key * kOdd + hashes_[place];
  }
  return true;
}

}  // namespace tocsin::ingest
