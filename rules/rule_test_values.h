#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "rules/decode_context.h"
#include "rules/rule_test_file.h"

// Readers of the values that only test files have. Each reports what is wrong and then gives
// nothing.
namespace tocsin::rules {

// Calls fn(item) for each item of a list; null: an empty one.
template <typename Fn>
void ForEachItem(DecodeContext& context, const YamlNode* list, absl::string_view what, Fn&& fn) {
  if (list == nullptr) return;
  if (list->kind != YamlNode::Kind::kSequence) {
    context.Error(*list, code::kWrongType, std::string(what) + " must be a list");
    return;
  }
  for (const YamlNodePtr& item : list->items) fn(*item);
}

// name{a="b"}, also `{}`.
std::optional<Labels> ReadSeriesLabels(DecodeContext& context, const YamlNode& node,
                                       absl::string_view what);
// The first `keep` values of a series, of which people like to give millions.
std::optional<notation::Values> ReadSeriesValues(DecodeContext& context, const YamlNode& node,
                                                 size_t keep);
// {{count:1 sum:2}}; null: it was reported.
HistogramPtr ReadHistogram(DecodeContext& context, const YamlNode& node, absl::string_view what);
// As YAML and PromQL write it: 1e3, 0x1f, .inf, +Inf, .nan, NaN.
std::optional<double> ReadFloat(DecodeContext& context, const YamlNode& node,
                                absl::string_view what);
// Unix seconds or RFC 3339, at or after the epoch.
std::optional<Timestamp> ReadInstant(DecodeContext& context, const YamlNode& node,
                                     absl::string_view what);
// A map of texts; null: an empty one.
TextMap ReadTextMap(DecodeContext& context, const YamlNode* map, absl::string_view what);
// The duration under `key`; absent and 0 mean `otherwise`.
absl::Duration ReadInterval(DecodeContext& context, const MapReader& reader, absl::string_view key,
                            absl::Duration otherwise);

}  // namespace tocsin::rules
