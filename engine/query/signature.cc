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

bool MatchGroups::Restart(const Operator& op, Side& side) {
  if (side.layout == op.layout()) return false;
  side.layout = op.layout();
  side.groups.clear();
  return true;
}

void MatchGroups::Extend(const Operator& op, Side& side) {
  side.groups.reserve(op.rows());
  for (size_t row = side.groups.size(); row < op.rows(); ++row) {
    const auto [it, added] = numbers_.try_emplace(signature_.Of(op.LabelsOf(row)),
                                                  static_cast<uint32_t>(numbers_.size()));
    side.groups.push_back(it->second);
  }
}

// A side that begins anew leaves the numbers of its old rows behind. They go when they are the
// larger part, together with the other side's.
bool MatchGroups::Update(const Operator& left, const Operator& right) {
  const bool left_anew = Restart(left, left_);
  const bool anew = Restart(right, right_) || left_anew;
  if (anew && numbers_.size() > 2 * (left.rows() + right.rows())) {
    numbers_.clear();
    left_.groups.clear();
    right_.groups.clear();
  }
  Extend(left, left_);
  Extend(right, right_);
  return anew;
}

}  // namespace tocsin::engine
