#include "engine/query/signature.h"

#include <algorithm>

namespace tocsin::engine {

Signature::Signature(const promql::VectorMatching& matching)
    : on_(matching.on), names_(matching.labels) {
  if (!on_) names_.push_back(kMetricName);
  std::sort(names_.begin(), names_.end());
}

bool Signature::Takes(absl::string_view name) const {
  const bool listed = std::binary_search(
      names_.begin(), names_.end(), name,
      [](const auto& a, const auto& b) { return absl::string_view(a) < absl::string_view(b); });
  return listed == on_;
}

// Lengths keep names and values apart; labels come sorted.
absl::uint128 Signature::Of(const Labels& labels) {
  buffer_.clear();
  const auto append = [this](absl::string_view text) {
    const uint32_t size = static_cast<uint32_t>(text.size());
    buffer_.append(reinterpret_cast<const char*>(&size), sizeof(size));
    buffer_.append(text.data(), text.size());
  };
  for (const LabelView& label : labels) {
    if (!Takes(label.name)) continue;
    append(label.name);
    append(label.value);
  }
  return Fingerprint128(buffer_);
}

Labels Signature::LabelsOf(const Labels& labels) const {
  LabelsBuilder builder(labels);
  return on_ ? builder.Keep(names_).Build() : builder.Drop(names_).Build();
}

void MatchGroups::Update(const Operator& side, std::vector<uint32_t>& groups, uint64_t& layout) {
  if (layout != side.layout()) groups.clear();
  layout = side.layout();
  groups.reserve(side.rows());
  for (size_t row = groups.size(); row < side.rows(); ++row) {
    const auto [it, added] = numbers_.try_emplace(signature_.Of(side.LabelsOf(row)),
                                                  static_cast<uint32_t>(numbers_.size()));
    groups.push_back(it->second);
  }
}

}  // namespace tocsin::engine
