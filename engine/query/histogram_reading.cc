// histogram_quantile, histogram_fraction: numbers read off histograms, be they classic (series with
// cumulative counts and their upper bound in `le`) or native.
//
// A result row is a label set without `le`. Those of classic histograms are known from the labels;
// which input rows are native is only seen in their values, so their rows come up with them. Where
// a classic and a native histogram meet in one row, there is no result.
#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/histogram/statistics.h"
#include "base/histogram/text.h"
#include "base/timestamp.h"
#include "engine/query/classic_buckets.h"
#include "engine/query/histogram_notes.h"
#include "engine/query/operators.h"
#include "engine/query/quantile.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

constexpr char kBound[] = "le";

// Input 0: the histograms; the others: scalars.
class HistogramReading : public Operator {
 public:
  HistogramReading(std::vector<OperatorPtr> inputs, NameRule drop)
      : Operator(std::move(inputs)), drop_(drop) {}

  Labels LabelsOf(size_t row) const override {
    return drop_ == NameRule::kDrop ? WithoutName(labels_[row]) : labels_[row];
  }
  bool drops_name(size_t) const override { return drop_ == NameRule::kDefer; }

  std::vector<int64_t> Newest(int64_t t) const override {
    const std::vector<int64_t> members = input(0).Newest(t);
    std::vector<int64_t> newest(rows_, INT64_MIN);
    in(0).ForEach([&](size_t row) {
      const Place& place = places_[row];
      const int32_t to = in(0).histogram(row) ? place.native : place.classic;
      if (to >= 0) newest[to] = std::max(newest[to], members[row]);
    });
    return newest;
  }

 protected:
  bool Index() override {
    if (layout_ != input(0).layout()) {
      layout_ = input(0).layout();
      places_.clear();
      labels_.clear();
      row_by_labels_.clear();
    }
    for (size_t row = places_.size(); row < input(0).rows(); ++row) places_.push_back(PlaceOf(row));
    RowsAdded();
    return true;
  }

  absl::Status Compute(int64_t t) override {
    NoteParameters();
    Gather();
    frame_.Reset(rows_);
    for (size_t row = 0; row < rows_; ++row) Read(row);
    NoteReadings(Timestamp::FromMillis(t));
    return absl::OkStatus();
  }

  virtual void NoteParameters() {}
  // What there is to say when all rows are read.
  virtual void NoteReadings(Timestamp) {}
  virtual double ReadClassic(std::vector<ClassicBucket>& buckets, size_t row) = 0;
  virtual Reading ReadNative(const NativeHistogram& histogram) = 0;

  // " for metric name ..", which only late name removal still knows.
  std::string ForMetric(const Labels& labels) const {
    const absl::string_view name = Name(labels);
    return name.empty() ? "" : absl::StrCat(" for metric name \"", name, "\"");
  }
  const Labels& full_labels(size_t row) const { return labels_[row]; }

 private:
  // Result rows of an input row.
  struct Place {
    int32_t classic = -1;  // -1: the bound cannot be read
    double bound = 0;
    int32_t native = -1;  // -1: no native histogram was seen here yet
  };

  absl::string_view Name(const Labels& labels) const {
    return drop_ == NameRule::kDefer ? labels.metric_name() : "";
  }

  int32_t RowOf(Labels labels) {
    const auto [it, added] =
        row_by_labels_.try_emplace(labels.Fingerprint(), static_cast<int32_t>(labels_.size()));
    if (added) labels_.push_back(std::move(labels));
    return it->second;
  }

  Place PlaceOf(size_t row) {
    const Labels labels = input(0).LabelsOf(row);
    Place place;
    if (absl::SimpleAtod(labels.Get(kBound), &place.bound)) {
      place.classic = RowOf(LabelsBuilder(labels).Delete(kBound).Build());
    }
    return place;
  }

  void RowsAdded() {
    rows_ = labels_.size();
    buckets_.resize(rows_);
    natives_.resize(rows_);
    distinct_without_name_ = input(0).distinct_without_name();
    if (!distinct_without_name_ && drop_ == NameRule::kDrop) FindDuplicates();
  }

  void Gather() {
    for (auto& buckets : buckets_) buckets.clear();
    for (HistogramPtr& native : natives_) native = nullptr;
    in(0).ForEach([&](size_t row) {
      Place& place = places_[row];
      if (const HistogramPtr& histogram = in(0).histogram(row)) {
        if (place.native < 0) place.native = AddNativeRow(row);
        natives_[place.native] = histogram;
      } else if (place.classic >= 0) {
        buckets_[place.classic].push_back({place.bound, in(0).value(row)});
      } else {
        NoteMalformed(row);
      }
    });
  }

  int32_t AddNativeRow(size_t row) {
    const int32_t native = RowOf(input(0).LabelsOf(row));
    if (labels_.size() > rows_) {
      RowsAdded();
      RowsChanged();
    }
    return native;
  }

  void Read(size_t row) {
    const HistogramPtr& native = natives_[row];
    if (native != nullptr && !buckets_[row].empty()) {
      Note note = MixedClassicAndNative(Name(labels_[row]));
      note.part = 1;
      AddNote(notes_, std::move(note));
    } else if (native != nullptr) {
      const Reading reading = ReadNative(*native);
      NoteNan(row, reading.nan);
      frame_.Set(row, reading.value);
    } else if (!buckets_[row].empty()) {
      frame_.Set(row, ReadClassic(buckets_[row], row));
    }
  }

  void NoteMalformed(size_t row) {
    const Labels labels = input(0).LabelsOf(row);
    AddNote(notes_, {true,
                     absl::StrCat("bucket label \"le\" is missing or has a malformed value of \"",
                                  labels.Get(kBound), "\"", ForMetric(labels)),
                     1});
  }

  void NoteNan(size_t row, Reading::NanNote nan) {
    const char* text = nullptr;
    switch (nan) {
      case Reading::NanNote::kNone:
        return;
      case Reading::NanNote::kResultIsNan:
        text = "input to histogram_quantile has NaN observations, result is NaN";
        break;
      case Reading::NanNote::kSkewedHigher:
        text = "input to histogram_quantile has NaN observations, result is skewed higher";
        break;
      case Reading::NanNote::kLeftOutOfFraction:
        text =
            "input to histogram_fraction has NaN observations, which are excluded from all "
            "fractions";
        break;
    }
    AddNote(notes_, {false, absl::StrCat(text, ForMetric(labels_[row])), 0});
  }

  const NameRule drop_;
  std::vector<Place> places_;   // per input row
  std::vector<Labels> labels_;  // per row, with the metric name
  absl::flat_hash_map<absl::uint128, int32_t> row_by_labels_;
  // Per row, at one evaluation; kept for their capacity.
  std::vector<std::vector<ClassicBucket>> buckets_;
  std::vector<HistogramPtr> natives_;
};

class QuantileOfHistograms final : public HistogramReading {
 public:
  using HistogramReading::HistogramReading;

 protected:
  void NoteParameters() override {
    std::string text = InvalidQuantileText(scalar(1));
    if (!text.empty()) AddNote(notes_, {true, std::move(text), 0});
  }

  double ReadClassic(std::vector<ClassicBucket>& buckets, size_t row) override {
    return ClassicQuantile(scalar(1), buckets, forced_[ForMetric(full_labels(row))]);
  }

  Reading ReadNative(const NativeHistogram& histogram) override {
    return HistogramQuantile(scalar(1), histogram);
  }

  // One note of all histograms of a metric.
  void NoteReadings(Timestamp t) override {
    const std::string time = absl::FormatTime(
        "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(t.millis()), absl::UTCTimeZone());
    for (const auto& [for_metric, forced] : forced_) {
      if (forced.histograms == 0) continue;
      AddNote(notes_, {false,
                       absl::StrCat("input to histogram_quantile needed to be fixed for "
                                    "monotonicity (see "
                                    "https://prometheus.io/docs/prometheus/latest/querying/"
                                    "functions/#histogram_quantile)",
                                    for_metric, Details(forced), " from ", time, " to ", time),
                       1});
    }
    forced_.clear();
  }

 private:
  static std::string Details(const ForcedMonotonicity& forced) {
    return absl::StrCat(", from buckets ", HistogramNumber(forced.lowest_bound), " to ",
                        HistogramNumber(forced.highest_bound),
                        absl::StrFormat(", with a max diff of %.2g, over %d samples",
                                        forced.largest_fall, forced.histograms));
  }

  std::map<std::string, ForcedMonotonicity> forced_;  // by ForMetric()
};

class FractionOfHistograms final : public HistogramReading {
 public:
  using HistogramReading::HistogramReading;

 protected:
  double ReadClassic(std::vector<ClassicBucket>& buckets, size_t) override {
    return ClassicFraction(scalar(1), scalar(2), buckets);
  }
  Reading ReadNative(const NativeHistogram& histogram) override {
    return HistogramFraction(scalar(1), scalar(2), histogram);
  }
};

}  // namespace

OperatorPtr MakeHistogramQuantile(OperatorPtr vector, OperatorPtr q, bool delayed_name_removal) {
  return std::make_shared<QuantileOfHistograms>(
      std::vector<OperatorPtr>{std::move(vector), std::move(q)}, DropRule(delayed_name_removal));
}

OperatorPtr MakeHistogramFraction(OperatorPtr vector, OperatorPtr lower, OperatorPtr upper,
                                  bool delayed_name_removal) {
  return std::make_shared<FractionOfHistograms>(
      std::vector<OperatorPtr>{std::move(vector), std::move(lower), std::move(upper)},
      DropRule(delayed_name_removal));
}

}  // namespace tocsin::engine
