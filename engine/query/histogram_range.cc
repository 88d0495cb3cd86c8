#include "engine/query/histogram_range.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/histogram/counter_reset.h"
#include "base/histogram/mean.h"
#include "base/histogram/sum.h"
#include "engine/query/histogram_notes.h"
#include "engine/query/histogram_rate.h"

namespace tocsin::engine {
namespace {

using Kind = HistogramRange::Kind;
using Result = HistogramRange::Result;
using MetricName = std::function<std::string()>;

Result Float(double value) {
  return {Result::Type::kFloat, value, nullptr, {}};
}
Result Histogram(HistogramPtr histogram) {
  return {Result::Type::kHistogram, 0, std::move(histogram), {}};
}

bool HasFloats(const Samples& samples) {
  return std::any_of(samples.histograms, samples.histograms + samples.size,
                     [](const HistogramPtr& histogram) { return histogram == nullptr; });
}

// From the growth between the first and the last sample to that of the whole range, as for floats:
// towards each end the stretch is the gap to it if that is below 1.1 times the mean distance of
// samples, else half that distance; a counter is not extrapolated below zero observations.
double ExtrapolationFactor(const Samples& samples, const RangeVector::View& range, bool counter,
                           double growth) {
  const size_t last = samples.size - 1;
  const double sampled = static_cast<double>(samples.times[last] - samples.times[0]) / 1000;
  const double spacing = sampled / static_cast<double>(last);
  double to_start = static_cast<double>(samples.times[0] - range.begin_ms) / 1000;
  double to_end = static_cast<double>(range.end_ms - samples.times[last]) / 1000;
  if (to_start >= spacing * 1.1) to_start = spacing / 2;
  if (to_end >= spacing * 1.1) to_end = spacing / 2;
  const double first = samples.histograms[0]->count;
  if (counter && growth > 0 && first >= 0) {
    to_start = std::min(to_start, sampled * (first / growth));
  }
  return (sampled + to_start + to_end) / sampled;
}

Result Rate(const Samples& samples, const RangeVector::View& range, Kind kind,
            const MetricName& metric, std::vector<Note>& notes) {
  if (HasFloats(samples)) {
    AddNote(notes, MixedFloatsAndHistograms(metric()));
    return {};
  }
  if (samples.size < 2) return {};
  const bool counter = kind != Kind::kDelta;
  const auto growth = HistogramGrowth(samples, counter, metric, notes);
  if (growth == nullptr) return {};
  double factor = ExtrapolationFactor(samples, range, counter, growth->count);
  if (kind == Kind::kRate) factor /= static_cast<double>(range.end_ms - range.begin_ms) / 1000;
  Multiply(*growth, factor);
  return Histogram(growth);
}

Result InstantRate(const Samples& samples, Kind kind, const MetricName& metric,
                   std::vector<Note>& notes) {
  if (samples.size < 2) return {};
  const size_t last = samples.size - 1;
  const HistogramPtr& before = samples.histograms[last - 1];
  const HistogramPtr& after = samples.histograms[last];
  if (before == nullptr && after == nullptr) return {Result::Type::kOfFloats, 0, nullptr, samples};
  if (before == nullptr || after == nullptr) {
    AddNote(notes, MixedFloatsAndHistograms(metric()));
    return {};
  }
  const auto step = HistogramStep(*before, *after, kind == Kind::kIrate, metric, notes);
  if (step == nullptr) return {};
  if (kind == Kind::kIrate) {
    Divide(*step, static_cast<double>(samples.times[last] - samples.times[last - 1]) / 1000);
  }
  return Histogram(step);
}

// Between a float and a histogram there is always a change and a reset.
template <typename FloatEvent, typename HistogramEvent>
Result CountEvents(const Samples& samples, FloatEvent&& float_event,
                   HistogramEvent&& histogram_event) {
  size_t events = 0;
  for (size_t i = 1; i < samples.size; ++i) {
    const HistogramPtr& before = samples.histograms[i - 1];
    const HistogramPtr& after = samples.histograms[i];
    if ((before == nullptr) != (after == nullptr)) {
      ++events;
    } else if (after == nullptr) {
      events += float_event(samples.values[i - 1], samples.values[i]);
    } else {
      events += histogram_event(*before, *after);
    }
  }
  return Float(static_cast<double>(events));
}

Result Changes(const Samples& samples) {
  return CountEvents(
      samples,
      [](double before, double after) {
        return before != after && !(std::isnan(before) && std::isnan(after));
      },
      [](const NativeHistogram& before, const NativeHistogram& after) {
        return !SameHistogram(before, after);
      });
}

Result Resets(const Samples& samples) {
  return CountEvents(
      samples, [](double before, double after) { return after < before; },
      [](const NativeHistogram& before, const NativeHistogram& after) {
        return IsCounterReset(after, before);
      });
}

// sum_over_time, avg_over_time.
template <typename Fold, typename Finish>
Result FoldAll(const Samples& samples, const MetricName& metric, std::vector<Note>& notes,
               Finish&& finish) {
  if (HasFloats(samples)) {
    AddNote(notes, MixedFloatsAndHistograms(metric()));
    return {};
  }
  Fold fold(*samples.histograms[0]);
  CombineNotes told;
  bool reset = false, no_reset = false;
  for (size_t i = 0; i < samples.size; ++i) {
    const NativeHistogram& h = *samples.histograms[i];
    reset = reset || h.counter_reset == CounterReset::kReset;
    no_reset = no_reset || h.counter_reset == CounterReset::kNotReset;
    if (i == 0) continue;
    const auto combined = fold.Add(h);
    if (!combined) {
      AddNote(notes, MixedExponentialAndCustom(metric()));
      return {};
    }
    told |= *combined;
  }
  told.reset_collision = reset && no_reset;
  AddCombineNotes(notes, told, Combination::kAggregation);
  return Histogram(std::make_shared<const NativeHistogram>(finish(fold)));
}

Result At(const Samples& samples, size_t at) {
  const HistogramPtr& histogram = samples.histograms[at];
  return histogram == nullptr ? Float(samples.values[at]) : Histogram(histogram);
}

}  // namespace

Kind HistogramRange::KindOf(absl::string_view function) {
  constexpr std::pair<absl::string_view, Kind> kKinds[] = {
      {"rate", Kind::kRate},
      {"increase", Kind::kIncrease},
      {"delta", Kind::kDelta},
      {"irate", Kind::kIrate},
      {"idelta", Kind::kIdelta},
      {"changes", Kind::kChanges},
      {"resets", Kind::kResets},
      {"sum_over_time", Kind::kSum},
      {"avg_over_time", Kind::kAverage},
      {"first_over_time", Kind::kFirst},
      {"last_over_time", Kind::kLast},
      {"count_over_time", Kind::kAnySample},
      {"present_over_time", Kind::kAnySample},
      {"ts_of_first_over_time", Kind::kAnySample},
      {"ts_of_last_over_time", Kind::kAnySample}};
  for (const auto& [name, kind] : kKinds) {
    if (name == function) return kind;
  }
  return Kind::kFloatsOnly;
}

Samples HistogramRange::Floats(const Samples& samples) {
  times_.clear();
  values_.clear();
  for (size_t i = 0; i < samples.size; ++i) {
    if (samples.histograms[i] != nullptr) continue;
    times_.push_back(samples.times[i]);
    values_.push_back(samples.values[i]);
  }
  return {times_.data(), values_.data(), nullptr, times_.size()};
}

Result HistogramRange::Compute(const Samples& samples, const RangeVector::View& range,
                               const MetricName& metric, std::vector<Note>& notes) {
  switch (kind_) {
    case Kind::kRate:
    case Kind::kIncrease:
    case Kind::kDelta:
      return Rate(samples, range, kind_, metric, notes);
    case Kind::kIrate:
    case Kind::kIdelta:
      return InstantRate(samples, kind_, metric, notes);
    case Kind::kChanges:
      return Changes(samples);
    case Kind::kResets:
      return Resets(samples);
    case Kind::kSum:
      return FoldAll<HistogramSum>(samples, metric, notes,
                                   [](const HistogramSum& sum) { return sum.Total(); });
    case Kind::kAverage:
      return FoldAll<HistogramMean>(samples, metric, notes,
                                    [](const HistogramMean& mean) { return mean.Get(); });
    case Kind::kFirst:
      return At(samples, 0);
    case Kind::kLast:
      return At(samples, samples.size - 1);
    case Kind::kAnySample:
      return {Result::Type::kOfFloats, 0, nullptr, samples};
    case Kind::kFloatsOnly:
      break;
  }
  const Samples floats = Floats(samples);
  if (floats.size == 0) return {};
  AddNote(notes, IgnoredInMixedRange(metric()));
  return {Result::Type::kOfFloats, 0, nullptr, floats};
}

}  // namespace tocsin::engine
