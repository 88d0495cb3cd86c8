#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "rules/notation.h"
#include "tests/support/naive/evaluator.h"

// Classic histograms: series `..._bucket` with cumulative counts and their upper bounds in `le`.
namespace tocsin::naive {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Bucket {
  double upper;
  double count;  // cumulative
};

struct Histogram {
  bool drop_name = false;
  std::vector<Bucket> buckets;
};

// Sorted by bound, equal bounds added up, counts made to never fall.
std::vector<Bucket> Normalised(std::vector<Bucket> buckets) {
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const Bucket& a, const Bucket& b) { return a.upper < b.upper; });
  std::vector<Bucket> result;
  for (const Bucket& bucket : buckets) {
    if (!result.empty() && result.back().upper == bucket.upper) {
      result.back().count += bucket.count;
    } else {
      result.push_back(bucket);
    }
  }
  for (size_t i = 1; i < result.size(); ++i) {
    result[i].count = std::max(result[i].count, result[i - 1].count);
  }
  return result;
}

double BucketQuantile(double q, const std::vector<Bucket>& raw) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  const std::vector<Bucket> buckets = Normalised(raw);
  if (buckets.size() < 2 || buckets.back().upper != kInf) return kNan;
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(total)) return kNan;
  const double rank = q * total;
  size_t b = 0;
  while (b + 1 < buckets.size() && !(buckets[b].count >= rank)) ++b;
  if (b + 1 == buckets.size()) return buckets[b - 1].upper;
  if (b == 0 && buckets[0].upper <= 0) return buckets[0].upper;
  const double lower = b == 0 ? 0 : buckets[b - 1].upper;
  const double below = b == 0 ? 0 : buckets[b - 1].count;
  return lower + (buckets[b].upper - lower) * ((rank - below) / (buckets[b].count - below));
}

}  // namespace

absl::StatusOr<Value> HistogramFunction(Evaluator& evaluator, const Call& call) {
  if (std::string(call.expr.function->name) != "histogram_quantile") {
    return absl::UnimplementedError("");
  }
  std::map<Labels, Histogram> histograms;
  for (const Element& element : call.args[1].vector) {
    const auto upper = notation::ParseNumber(element.labels.Get("le"));
    if (!upper.has_value()) continue;
    Histogram& histogram =
        histograms[LabelsBuilder(element.labels).Delete("le").Delete(kMetricName).Build()];
    histogram.drop_name = histogram.drop_name || element.drop_name;
    histogram.buckets.push_back({*upper, element.value});
  }
  std::vector<Element> result;
  for (const auto& [labels, histogram] : histograms) {
    Element element{labels, BucketQuantile(call.args[0].scalar, histogram.buckets)};
    evaluator.DropName(&element);
    result.push_back(std::move(element));
  }
  return VectorValue(std::move(result));
}

}  // namespace tocsin::naive
