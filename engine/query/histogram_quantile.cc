// histogram_quantile over classic histograms: series with cumulative counts and their upper bound
// in `le`.
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/query/operators.h"
#include "engine/query/quantile.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr char kBound[] = "le";
constexpr size_t kNotesMax = 10;

struct Bucket {
  double bound = 0;
  double count = 0;  // cumulative
};

// So near that the difference is taken for a rounding error: a trillionth of the sum.
bool NearlyEqual(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  constexpr double kTolerance = 1e-12;
  constexpr double kSmallest = std::numeric_limits<double>::min();
  const double sum = std::fabs(a) + std::fabs(b), difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallest) return difference < kTolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Adds up buckets with equal bounds. `buckets` are sorted.
void Coalesce(std::vector<Bucket>& buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].bound == buckets[last].bound) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
}

// Raises counts that fall. True if that was more than rounding.
bool ForceMonotonic(std::vector<Bucket>& buckets) {
  bool forced = false;
  double previous = buckets[0].count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (NearlyEqual(previous, count)) {
      count = previous;
    } else if (count < previous) {
      count = previous;
      forced = true;
    } else {
      previous = count;
    }
  }
  return forced;
}

// Linear within a bucket; the lowest one begins at 0 unless its bound is not above that; the
// highest gives the bound below it. `forced`: the counts had to be made monotonic.
double BucketQuantile(double q, std::vector<Bucket>& buckets, bool& forced) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const Bucket& a, const Bucket& b) { return a.bound < b.bound; });
  if (buckets.back().bound != kInfinity) return kNan;
  Coalesce(buckets);
  forced = ForceMonotonic(buckets);
  if (buckets.size() < 2 || buckets.back().count == 0) return kNan;
  double rank = q * buckets.back().count;
  const auto at = std::partition_point(buckets.begin(), buckets.end() - 1,
                                       [&](const Bucket& b) { return !(b.count >= rank); });
  if (at == buckets.end() - 1) return (at - 1)->bound;
  if (at == buckets.begin() && at->bound <= 0) return at->bound;
  double begin = 0, count = at->count;
  if (at != buckets.begin()) {
    begin = (at - 1)->bound;
    count -= (at - 1)->count;
    rank -= (at - 1)->count;
  }
  return begin + (at->bound - begin) * (rank / count);
}

// Input 0: the buckets; input 1: the quantile. One row per label set without `le`.
class HistogramQuantile final : public Operator {
 public:
  HistogramQuantile(OperatorPtr vector, OperatorPtr q, NameRule drop)
      : Operator({std::move(vector), std::move(q)}), drop_(drop) {}

  Labels LabelsOf(size_t row) const override {
    return drop_ == NameRule::kDrop ? WithoutName(labels_[row]) : labels_[row];
  }
  bool drops_name(size_t) const override { return drop_ == NameRule::kDefer; }

  std::vector<int64_t> Newest(int64_t t) const override {
    const std::vector<int64_t> members = input(0).Newest(t);
    std::vector<int64_t> newest(rows_, INT64_MIN);
    in(0).ForEach([&](size_t row) {
      if (places_[row].histogram < 0) return;
      int64_t& time = newest[places_[row].histogram];
      time = std::max(time, members[row]);
    });
    return newest;
  }

 protected:
  bool Index() override {
    const size_t rows_before = rows_;
    const bool anew = layout_ != input(0).layout();
    if (anew) {
      layout_ = input(0).layout();
      places_.clear();
      labels_.clear();
      row_by_labels_.clear();
    }
    for (size_t row = places_.size(); row < input(0).rows(); ++row) places_.push_back(PlaceOf(row));
    rows_ = labels_.size();
    buckets_.resize(rows_);
    distinct_without_name_ = input(0).distinct_without_name();
    if (!distinct_without_name_ && drop_ == NameRule::kDrop) FindDuplicates();
    return anew || version() == 0 || rows_ != rows_before;
  }

  absl::Status Compute(int64_t) override {
    const double q = scalar(1);
    if (std::string text = InvalidQuantileText(q); !text.empty()) notes_.push_back({true, text, 0});
    for (auto& buckets : buckets_) buckets.clear();
    in(0).ForEach([&](size_t row) {
      const Place& place = places_[row];
      if (place.histogram < 0) return Malformed(row);
      buckets_[place.histogram].push_back({place.bound, in(0).value(row)});
    });
    frame_.Reset(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      if (buckets_[row].empty()) continue;
      bool forced = false;
      frame_.Set(row, BucketQuantile(q, buckets_[row], forced));
      if (forced) Forced(row);
    }
    return absl::OkStatus();
  }

 private:
  struct Place {
    int32_t histogram = -1;  // its row; -1: the bound cannot be read
    double bound = 0;
  };

  Place PlaceOf(size_t row) {
    const Labels labels = input(0).LabelsOf(row);
    Place place;
    if (!absl::SimpleAtod(labels.Get(kBound), &place.bound)) return place;
    Labels rest = LabelsBuilder(labels).Delete(kBound).Build();
    const auto [it, added] =
        row_by_labels_.try_emplace(rest.Fingerprint(), static_cast<int32_t>(labels_.size()));
    if (added) labels_.push_back(std::move(rest));
    place.histogram = it->second;
    return place;
  }

  void Malformed(size_t row) {
    if (notes_.size() >= kNotesMax) return;
    const Labels labels = input(0).LabelsOf(row);
    notes_.push_back({true,
                      absl::StrCat("bucket label \"le\" is missing or has a malformed value of \"",
                                   labels.Get(kBound), "\"", ForMetric(labels)),
                      1});
  }

  void Forced(size_t row) {
    if (notes_.size() >= kNotesMax) return;
    notes_.push_back(
        {false,
         absl::StrCat("input to histogram_quantile needed to be fixed for monotonicity (see "
                      "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                      "#histogram_quantile)",
                      drop_ == NameRule::kDefer ? ForMetric(labels_[row]) : ""),
         1});
  }

  static std::string ForMetric(const Labels& labels) {
    const absl::string_view name = labels.metric_name();
    return name.empty() ? "" : absl::StrCat(" for metric name \"", name, "\"");
  }

  const NameRule drop_;
  std::vector<Place> places_;   // per input row
  std::vector<Labels> labels_;  // per row, with the metric name
  absl::flat_hash_map<absl::uint128, int32_t> row_by_labels_;
  std::vector<std::vector<Bucket>> buckets_;  // per row, kept for their capacity
};

}  // namespace

OperatorPtr MakeHistogramQuantile(OperatorPtr vector, OperatorPtr q, bool delayed_name_removal) {
  return std::make_shared<HistogramQuantile>(std::move(vector), std::move(q),
                                             DropRule(delayed_name_removal));
}

}  // namespace tocsin::engine
