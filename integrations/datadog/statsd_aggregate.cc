#include "integrations/datadog/statsd_aggregate.h"

#include <algorithm>

namespace tocsin::datadog {
namespace {

constexpr double kSeconds = StatsdAggregate::kBucketSeconds;
constexpr size_t kSetValueBytes = 48;  // besides its text

}  // namespace

StatsdAggregate::StatsdAggregate(StatsdType type) {
  switch (type) {
    case StatsdType::kGauge:
      state_.emplace<StatsdGauge>();
      break;
    case StatsdType::kCount:
      state_.emplace<StatsdCount>();
      break;
    case StatsdType::kHistogram:
    case StatsdType::kTiming:
      state_.emplace<StatsdHistogram>();
      break;
    case StatsdType::kSet:
      state_.emplace<StatsdSet>();
      break;
    case StatsdType::kDistribution:
      state_.emplace<Distribution>();
      break;
  }
}

size_t StatsdAggregate::Add(const StatsdMetric& metric) {
  const double weight = 1 / metric.sample_rate;
  if (auto* gauge = std::get_if<StatsdGauge>(&state_)) {
    *gauge = {true, metric.values.back()};
    return 0;
  }
  if (auto* count = std::get_if<StatsdCount>(&state_)) {
    for (const double value : metric.values) count->sum += value * weight;
    return 0;
  }
  if (auto* histogram = std::get_if<StatsdHistogram>(&state_)) {
    // Whole, as in the Agent: 3 of a rate of 0.3.
    const auto whole = static_cast<int64_t>(std::min(weight, 1e9));
    for (const double value : metric.values) {
      histogram->values.emplace_back(value, whole);
      histogram->sum += value * weight;
      histogram->count += whole;
    }
    return metric.values.size() * sizeof(histogram->values.front());
  }
  if (auto* set = std::get_if<StatsdSet>(&state_)) {
    return set->values.emplace(metric.set_value).second ? kSetValueBytes + metric.set_value.size()
                                                        : 0;
  }
  auto& distribution = std::get<Distribution>(state_);
  const size_t before = distribution.bytes();
  for (const double value : metric.values) distribution.AddValue(value, weight);
  return std::max(distribution.bytes(), before) - before;
}

double StatsdHistogram::ValueAt(int64_t target) const {
  int64_t weight = 0;
  for (const auto& [value, times] : values) {
    weight += times;
    if (weight > target) return value;
  }
  return values.back().first;
}

std::vector<StatsdAggregate::Result> StatsdAggregate::CloseHistogram(StatsdHistogram& histogram) {
  if (histogram.values.empty()) return {};
  std::sort(histogram.values.begin(), histogram.values.end());
  const auto count = static_cast<double>(histogram.count);
  return {{".max", MetricType::kGauge, histogram.values.back().first, nullptr},
          {".median", MetricType::kGauge, histogram.ValueAt((histogram.count - 1) / 2), nullptr},
          {".avg", MetricType::kGauge, histogram.sum / count, nullptr},
          {".95percentile", MetricType::kGauge, histogram.ValueAt((95 * histogram.count - 1) / 100),
           nullptr},
          {".count", MetricType::kRate, count / kSeconds, nullptr}};
}

std::vector<StatsdAggregate::Result> StatsdAggregate::Close(size_t buckets_max) {
  std::vector<Result> results;
  if (auto* gauge = std::get_if<StatsdGauge>(&state_)) {
    if (gauge->seen) results.push_back({"", MetricType::kGauge, gauge->last, nullptr});
    *gauge = StatsdGauge();
  } else if (auto* count = std::get_if<StatsdCount>(&state_)) {
    results.push_back({"", MetricType::kRate, count->sum / kSeconds, nullptr});
    *count = StatsdCount();
  } else if (auto* histogram = std::get_if<StatsdHistogram>(&state_)) {
    results = CloseHistogram(*histogram);
    *histogram = StatsdHistogram();
  } else if (auto* set = std::get_if<StatsdSet>(&state_)) {
    if (!set->values.empty())
      results.push_back({"", MetricType::kGauge, static_cast<double>(set->values.size()), nullptr});
    *set = StatsdSet();
  } else {
    auto& distribution = std::get<Distribution>(state_);
    if (distribution.count() > 0)
      results.push_back({"", MetricType::kGauge, 0, distribution.Build(buckets_max)});
    distribution = Distribution();
  }
  return results;
}

}  // namespace tocsin::datadog
