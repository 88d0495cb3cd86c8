#include "tests/promqltest/classic_histograms.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/strip.h"

namespace tocsin::promqltest {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// A classic histogram at one step.
struct Classic {
  std::map<double, double> buckets;  // cumulative, by upper bound
  std::optional<double> count;
  double sum = 0;
};

// Takes one sample of a series whose name ends in a suffix.
enum class Part { kNone, kBucket, kCount, kSum };

Part PartOf(absl::string_view* name) {
  if (absl::ConsumeSuffix(name, "_bucket")) return Part::kBucket;
  if (absl::ConsumeSuffix(name, "_count")) return Part::kCount;
  if (absl::ConsumeSuffix(name, "_sum")) return Part::kSum;
  return Part::kNone;
}

std::optional<notation::Value> Convert(Classic classic) {
  if (!classic.count) {
    if (classic.buckets.empty()) return std::nullopt;
    classic.count = classic.buckets.rbegin()->second;
  }
  if (classic.buckets.count(kInf) == 0) classic.buckets[kInf] = *classic.count;
  if (classic.buckets[kInf] != *classic.count) return std::nullopt;
  auto native = std::make_shared<NativeHistogram>();
  native->schema = NativeHistogram::kCustomSchema;
  native->count = *classic.count;
  native->sum = classic.sum;
  double below = 0;
  for (const auto& [bound, count] : classic.buckets) {
    if (count < below) return std::nullopt;
    const auto index = static_cast<int32_t>(native->positive.size());
    native->positive.push_back({index, count - below});
    if (bound != kInf) native->custom_bounds.push_back(bound);
    below = count;
  }
  Compact(*native);
  return notation::Value(std::move(native), false);
}

}  // namespace

std::map<Labels, notation::Values> NativeOfClassic(
    const std::map<Labels, notation::Values>& series) {
  std::map<Labels, std::map<size_t, Classic>> classics;  // by step
  for (const auto& [labels, values] : series) {
    absl::string_view name = labels.metric_name();
    const Part part = PartOf(&name);
    if (part == Part::kNone) continue;
    const auto bound = notation::ParseNumber(labels.Get("le"));
    if (part == Part::kBucket && (!bound || std::isnan(*bound))) continue;
    auto& steps = classics[LabelsBuilder(labels).Set(kMetricName, name).Delete("le").Build()];
    for (size_t step = 0; step < values.size(); ++step) {
      if (!values[step] || values[step]->histogram) continue;
      const double value = values[step]->number;
      Classic& classic = steps[step];
      if (part == Part::kBucket) classic.buckets.emplace(*bound, value);
      if (part == Part::kCount) classic.count = value;
      if (part == Part::kSum) classic.sum = value;
    }
  }
  std::map<Labels, notation::Values> natives;
  for (auto& [labels, steps] : classics) {
    notation::Values& values = natives[labels];
    for (auto& [step, classic] : steps) {
      values.resize(step + 1);
      values[step] = Convert(std::move(classic));
    }
  }
  return natives;
}

}  // namespace tocsin::promqltest
