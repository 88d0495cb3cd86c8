#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/histogram/statistics.h"
#include "base/histogram/text.h"
#include "rules/notation.h"
#include "tests/support/naive/evaluator.h"

// Numbers read off histograms. Classic ones are series `..._bucket` with cumulative counts and
// their upper bounds in `le`.
namespace tocsin::naive {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Bucket {
  double upper;
  double count;  // cumulative
};

// What is known of one label set without `le`.
struct Histogram {
  std::vector<Bucket> buckets;
  HistogramPtr native;
};

// Sorted by bound, equal bounds added up.
std::vector<Bucket> Coalesced(std::vector<Bucket> buckets) {
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
  return result;
}

// Differences below a trillionth of the sum are rounding errors, whatever their direction.
bool IsRounding(double a, double b) {
  const double sum = std::abs(a) + std::abs(b);
  return a != 0 && b != 0 && std::abs(a - b) / sum < 1e-12;
}

std::string Rfc3339(int64_t t_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(t_ms), absl::UTCTimeZone());
}

// Buckets whose counts had to be mended, and by how much, of several histograms.
struct Mended {
  int histograms = 0;
  std::vector<double> bounds;
  std::vector<double> falls;
};

// Counts that never fall.
void Mend(std::vector<Bucket>* buckets, Mended* mended) {
  const size_t known = mended->bounds.size();
  double before = buckets->front().count;
  for (Bucket& bucket : *buckets) {
    if (bucket.count < before && !IsRounding(bucket.count, before)) {
      mended->bounds.push_back(bucket.upper);
      mended->falls.push_back(before - bucket.count);
    }
    if (bucket.count < before || IsRounding(bucket.count, before)) bucket.count = before;
    before = bucket.count;
  }
  if (mended->bounds.size() > known) ++mended->histograms;
}

double BucketQuantile(double q, const std::vector<Bucket>& raw, Mended* mended) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  std::vector<Bucket> buckets = Coalesced(raw);
  if (buckets.back().upper != kInf) return kNan;
  Mend(&buckets, mended);
  if (buckets.size() < 2) return kNan;
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

// Observations at or below `value`.
double CountBelow(double value, const std::vector<Bucket>& buckets) {
  double lower = buckets[0].upper > 0 ? 0 : -kInf;
  double below = 0;
  for (const Bucket& bucket : buckets) {
    if (value <= lower) return below;
    if (value < bucket.upper) {
      if (lower == -kInf) return bucket.count;
      return below + (bucket.count - below) * (value - lower) / (bucket.upper - lower);
    }
    lower = bucket.upper;
    below = bucket.count;
  }
  return below;
}

double BucketFraction(double lower, double upper, const std::vector<Bucket>& raw) {
  const std::vector<Bucket> buckets = Coalesced(raw);
  const double total = buckets.back().count;
  if (buckets.back().upper != kInf || total == 0) return kNan;
  if (std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  return (std::min(CountBelow(upper, buckets), total) -
          std::min(CountBelow(lower, buckets), total)) /
         total;
}

class Reader {
 public:
  Reader(Evaluator& evaluator, const Call& call)
      : evaluator_(evaluator),
        call_(call),
        quantile_(std::string(call.expr.function->name) == "histogram_quantile") {}

  Value Run() {
    if (quantile_) NoteQuantile(call_.args[0].scalar);
    std::vector<Element> result;
    for (const auto& [labels, histogram] : Gather()) {
      if (histogram.native && !histogram.buckets.empty()) {
        evaluator_.Warn(absl::StrCat("vector contains a mix of classic and native histograms",
                                     ForMetric(labels)),
                        *call_.expr.args.back());
        continue;
      }
      Element element{labels, histogram.native ? OfNative(labels, *histogram.native)
                                               : OfClassic(labels, histogram.buckets)};
      evaluator_.DropName(&element);
      result.push_back(std::move(element));
    }
    TellMended();
    return VectorValue(std::move(result));
  }

 private:
  std::string ForMetric(const Labels& labels) const {
    const absl::string_view name = labels.metric_name();
    if (!evaluator_.delayed_name_removal() || name.empty()) return "";
    return absl::StrCat(" for metric name \"", name, "\"");
  }

  void NoteQuantile(double q) {
    if (q >= 0 && q <= 1) return;
    evaluator_.Warn(absl::StrCat("quantile value should be between 0 and 1, got ",
                                 std::isnan(q)   ? "NaN"
                                 : std::isinf(q) ? (q > 0 ? "+Inf" : "-Inf")
                                                 : absl::StrCat(q)),
                    *call_.expr.args[0]);
  }

  std::map<Labels, Histogram> Gather() {
    std::map<Labels, Histogram> histograms;
    for (const Element& element : call_.args.back().vector) {
      if (element.histogram) {
        histograms[element.labels].native = element.histogram;
        continue;
      }
      const std::string le(element.labels.Get("le"));
      const auto upper = notation::ParseNumber(le);
      if (!upper.has_value()) {
        evaluator_.Warn(
            absl::StrCat("bucket label \"le\" is missing or has a malformed value of \"", le, "\"",
                         ForMetric(element.labels)),
            *call_.expr.args.back());
        continue;
      }
      histograms[LabelsBuilder(element.labels).Delete("le").Build()].buckets.push_back(
          {*upper, element.value});
    }
    return histograms;
  }

  double OfClassic(const Labels& labels, const std::vector<Bucket>& buckets) {
    if (!quantile_) return BucketFraction(call_.args[0].scalar, call_.args[1].scalar, buckets);
    return BucketQuantile(call_.args[0].scalar, buckets, &mended_[ForMetric(labels)]);
  }

  void TellMended() {
    const std::string time = Rfc3339(call_.t_ms);
    for (const auto& [for_metric, mended] : mended_) {
      if (mended.histograms == 0) continue;
      const auto [lowest, highest] =
          std::minmax_element(mended.bounds.begin(), mended.bounds.end());
      evaluator_.Info(
          absl::StrCat(
              "input to histogram_quantile needed to be fixed for monotonicity (see "
              "https://prometheus.io/docs/prometheus/latest/querying/functions/"
              "#histogram_quantile)",
              for_metric, ", from buckets ", HistogramNumber(*lowest), " to ",
              HistogramNumber(*highest), ", with a max diff of ",
              absl::StrFormat("%.2g", *std::max_element(mended.falls.begin(), mended.falls.end())),
              ", over ", mended.histograms, " samples from ", time, " to ", time),
          *call_.expr.args[1]);
    }
  }

  double OfNative(const Labels& labels, const NativeHistogram& h) {
    using NanNote = Reading::NanNote;
    const Reading reading = quantile_
                                ? HistogramQuantile(call_.args[0].scalar, h)
                                : HistogramFraction(call_.args[0].scalar, call_.args[1].scalar, h);
    if (reading.nan != NanNote::kNone) {
      const char* what = reading.nan == NanNote::kResultIsNan ? "result is NaN"
                         : reading.nan == NanNote::kSkewedHigher
                             ? "result is skewed higher"
                             : "which are excluded from all fractions";
      evaluator_.Info(absl::StrCat("input to ", call_.expr.function->name,
                                   " has NaN observations, ", what, ForMetric(labels)),
                      *call_.expr.args[0]);
    }
    return reading.value;
  }

  Evaluator& evaluator_;
  const Call& call_;
  const bool quantile_;
  std::map<std::string, Mended> mended_;  // by ForMetric()
};

// histogram_count and its relatives: only native ones.
std::optional<double> Property(const std::string& function, const NativeHistogram& h) {
  if (function == "histogram_count") return h.count;
  if (function == "histogram_sum") return h.sum;
  if (function == "histogram_avg") return h.sum / h.count;
  if (function == "histogram_stdvar") return HistogramVariance(h);
  if (function == "histogram_stddev") return std::sqrt(HistogramVariance(h));
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Value> HistogramFunction(Evaluator& evaluator, const Call& call) {
  const std::string name = call.expr.function->name;
  if (name == "histogram_quantile" || name == "histogram_fraction") {
    return Reader(evaluator, call).Run();
  }
  if (!Property(name, NativeHistogram())) return absl::UnimplementedError("");
  std::vector<Element> result;
  for (Element element : Histograms(call.args[0].vector)) {
    element.value = *Property(name, *element.histogram);
    element.histogram = nullptr;
    evaluator.DropName(&element);
    result.push_back(std::move(element));
  }
  return VectorValue(std::move(result));
}

}  // namespace tocsin::naive
