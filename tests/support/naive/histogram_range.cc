#include "tests/support/naive/histogram_range.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/histogram/counter_reset.h"
#include "base/histogram/sum.h"
#include "tests/support/naive/histogram_fold.h"

namespace tocsin::naive {
namespace {

using Result = std::optional<MixedResult>;

bool IsFloat(const Point& sample) {
  return sample.histogram == nullptr;
}

bool IsGauge(const HistogramPtr& histogram) {
  return histogram->counter_reset == CounterReset::kGauge;
}

// One evaluation.
class Evaluation {
 public:
  Evaluation(Evaluator& evaluator, const MixedWindow& window)
      : evaluator_(evaluator), window_(window), samples_(window.series.samples) {}

  Result Run() {
    const std::string& f = window_.function;
    if (f == "rate" || f == "increase" || f == "delta") return Rate();
    if (f == "irate" || f == "idelta") return InstantRate();
    if (f == "changes" || f == "resets") return CountEvents();
    if (f == "sum_over_time" || f == "avg_over_time") return Fold();
    if (f == "first_over_time") return Of(samples_.front());
    if (f == "last_over_time") return Of(samples_.back());
    if (f == "count_over_time" || f == "present_over_time" || f == "ts_of_first_over_time" ||
        f == "ts_of_last_over_time") {
      return MixedResult{0, nullptr, samples_};
    }
    return FloatsAlone();
  }

 private:
  std::string Quoted() const {
    return absl::StrCat("\"", window_.series.labels.metric_name(), "\"");
  }
  // The range vector among the arguments.
  const promql::Expr& Where() const { return *window_.call.expr.args[0]; }

  static Result Of(const Point& sample) { return MixedResult{sample.value, sample.histogram, {}}; }
  static Result Of(NativeHistogram histogram) {
    Compact(histogram);
    return MixedResult{0, std::make_shared<NativeHistogram>(std::move(histogram)), {}};
  }

  Result Mixed() {
    evaluator_.Warn(
        absl::StrCat("encountered a mix of histograms and floats for metric name ", Quoted()),
        Where());
    return std::nullopt;
  }
  Result Incompatible() {
    evaluator_.Warn(MixedSchemas(window_.series.labels), Where());
    return std::nullopt;
  }
  void Reconciled(const char* operation) {
    evaluator_.Info(absl::StrCat("mismatched custom buckets were reconciled during ", operation),
                    Where());
  }
  void NotA(const char* kind) {
    evaluator_.Warn(absl::StrCat("this native histogram metric is not a ", kind, ": ", Quoted()),
                    Where());
  }

  Result FloatsAlone() {
    MixedResult result;
    std::copy_if(samples_.begin(), samples_.end(), std::back_inserter(result.of_floats), IsFloat);
    if (result.of_floats.empty()) return std::nullopt;
    evaluator_.Info(absl::StrCat("ignored histograms in a range containing both floats and "
                                 "histograms for metric name ",
                                 Quoted()),
                    Where());
    return result;
  }

  // The growth from one histogram to the next is the difference, or all of it after a reset; of
  // several, their sum, which is the same as last - first plus what resets took away.
  Result Growth(bool counter) {
    std::vector<const NativeHistogram*> all;
    for (const Point& sample : samples_) all.push_back(sample.histogram.get());
    NativeHistogram nothing;
    if (counter && IsCounterReset(*all[1], *all[0])) {
      nothing.schema = all[1]->schema;
      nothing.custom_bounds = all[1]->custom_bounds;
      all[0] = &nothing;
    }
    const size_t last = all.size() - 1;
    for (size_t i = 1; i <= last; ++i) {
      if (!counter && i < last) continue;
      if (all[i]->has_custom_buckets() != all[0]->has_custom_buckets()) return Incompatible();
    }
    NoteKind(counter);
    NativeHistogram growth = *all[last];
    for (size_t i = 0; counter && i < last; ++i) {
      if (!growth.has_custom_buckets() && all[i]->schema < growth.schema) {
        growth = AtSchema(growth, all[i]->schema);
      }
    }
    if (SubtractFrom(growth, *all[0])->bounds_reconciled) Reconciled("subtraction");
    for (size_t i = 1; counter && i <= last; ++i) {
      if (!IsCounterReset(*all[i], *all[i - 1])) continue;
      if (AddTo(growth, *all[i - 1])->bounds_reconciled) Reconciled("addition");
    }
    growth.counter_reset = CounterReset::kGauge;
    return Of(std::move(growth));
  }

  void NoteKind(bool counter) {
    if (counter) {
      if (std::any_of(samples_.begin(), samples_.end(),
                      [](const Point& sample) { return IsGauge(sample.histogram); })) {
        NotA("counter");
      }
    } else if (!IsGauge(samples_.front().histogram) || !IsGauge(samples_.back().histogram)) {
      NotA("gauge");
    }
  }

  Result Rate() {
    if (std::any_of(samples_.begin(), samples_.end(), IsFloat)) return Mixed();
    if (samples_.size() < 2) return std::nullopt;
    const bool counter = window_.function != "delta";
    Result growth = Growth(counter);
    if (!growth) return std::nullopt;
    const double spanned = Seconds(samples_.back().time_ms - samples_.front().time_ms);
    const double distance = spanned / static_cast<double>(samples_.size() - 1);
    double to_start = Seconds(samples_.front().time_ms - window_.begin_ms);
    double to_end = Seconds(window_.end_ms - samples_.back().time_ms);
    if (to_start >= distance * 1.1) to_start = distance / 2;
    if (to_end >= distance * 1.1) to_end = distance / 2;
    const double first = samples_.front().histogram->count, grown = growth->histogram->count;
    if (counter && grown > 0 && first >= 0) to_start = std::min(to_start, spanned * first / grown);
    double factor = (spanned + to_start + to_end) / spanned;
    if (window_.function == "rate") factor /= Seconds(window_.end_ms - window_.begin_ms);
    growth->histogram = Scaled(*growth->histogram, factor);
    return growth;
  }

  Result InstantRate() {
    if (samples_.size() < 2) return std::nullopt;
    const Point& before = samples_[samples_.size() - 2];
    const Point& last = samples_.back();
    if (IsFloat(before) && IsFloat(last)) return MixedResult{0, nullptr, {before, last}};
    if (IsFloat(before) || IsFloat(last)) return Mixed();
    const bool counter = window_.function == "irate";
    if (counter && (IsGauge(before.histogram) || IsGauge(last.histogram))) NotA("counter");
    if (!counter && (!IsGauge(before.histogram) || !IsGauge(last.histogram))) NotA("gauge");
    NativeHistogram step = *last.histogram;
    if (!counter || !IsCounterReset(*last.histogram, *before.histogram)) {
      const auto notes = SubtractFrom(step, *before.histogram);
      if (!notes) return Incompatible();
      if (notes->bounds_reconciled) Reconciled("subtraction");
    }
    step.counter_reset = CounterReset::kGauge;
    if (counter) Divide(step, Seconds(last.time_ms - before.time_ms));
    return Of(std::move(step));
  }

  bool IsEvent(const Point& before, const Point& after) const {
    if (IsFloat(before) != IsFloat(after)) return true;
    const bool changes = window_.function == "changes";
    if (!IsFloat(after)) {
      return changes ? !SameHistogram(*before.histogram, *after.histogram)
                     : IsCounterReset(*after.histogram, *before.histogram);
    }
    if (!changes) return after.value < before.value;
    const bool both_nan = std::isnan(before.value) && std::isnan(after.value);
    return before.value != after.value && !both_nan;
  }

  Result CountEvents() {
    MixedResult result;
    for (size_t i = 1; i < samples_.size(); ++i) {
      if (IsEvent(samples_[i - 1], samples_[i])) result.value += 1;
    }
    return result;
  }

  Result Fold() {
    if (std::any_of(samples_.begin(), samples_.end(), IsFloat)) return Mixed();
    std::vector<HistogramPtr> histograms;
    for (const Point& sample : samples_) histograms.push_back(sample.histogram);
    const HistogramFold fold = FoldHistograms(histograms, window_.function == "avg_over_time");
    if (fold.failed_at) return Incompatible();
    if (fold.reset_collision) {
      evaluator_.Warn("conflicting counter resets during histogram aggregation", Where());
    }
    if (fold.bounds_reconciled) Reconciled("aggregation");
    return MixedResult{0, fold.result, {}};
  }

  static double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

  Evaluator& evaluator_;
  const MixedWindow& window_;
  const std::vector<Point>& samples_;
};

}  // namespace

Result WithHistograms(Evaluator& evaluator, const MixedWindow& window) {
  return Evaluation(evaluator, window).Run();
}

}  // namespace tocsin::naive
