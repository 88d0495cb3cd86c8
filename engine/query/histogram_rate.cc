#include "engine/query/histogram_rate.h"

#include <algorithm>

#include "base/histogram/counter_reset.h"
#include "base/histogram/sum.h"
#include "engine/query/histogram_notes.h"

namespace tocsin::engine {
namespace {

bool IsGauge(const NativeHistogram& h) {
  return h.counter_reset == CounterReset::kGauge;
}

// Nothing observed, in the buckets of `like`.
NativeHistogram Empty(const NativeHistogram& like) {
  NativeHistogram empty;
  empty.schema = like.schema;
  empty.custom_bounds = like.custom_bounds;
  return empty;
}

// The coarsest schema of a counter's samples; of a gauge's only the ends count.
int32_t CoarsestSchema(const Samples& samples, const NativeHistogram& first, bool counter) {
  const NativeHistogram& last = *samples.histograms[samples.size - 1];
  int32_t schema = std::min(first.schema, last.schema);
  for (size_t i = 1; counter && i + 1 < samples.size; ++i) {
    schema = std::min(schema, samples.histograms[i]->schema);
  }
  return schema;
}

bool AllLike(const Samples& samples, const NativeHistogram& first, bool counter) {
  const bool custom = first.has_custom_buckets();
  if (samples.histograms[samples.size - 1]->has_custom_buckets() != custom) return false;
  for (size_t i = 1; counter && i + 1 < samples.size; ++i) {
    if (samples.histograms[i]->has_custom_buckets() != custom) return false;
  }
  return true;
}

void NoteWrongKind(const Samples& samples, bool counter, const std::function<std::string()>& metric,
                   std::vector<Note>& notes) {
  const auto gauge_at = [&](size_t i) { return IsGauge(*samples.histograms[i]); };
  if (!counter) {
    if (!gauge_at(0) || !gauge_at(samples.size - 1)) AddNote(notes, NotAGauge(metric()));
    return;
  }
  for (size_t i = 0; i < samples.size; ++i) {
    if (gauge_at(i)) return AddNote(notes, NotACounter(metric()));
  }
}

// Adds what the counter had before each reset. What is said about resets in the marks of the
// samples is used up here, so it is no news that they contradict.
bool AddBackResets(const Samples& samples, const NativeHistogram& first, NativeHistogram& growth,
                   std::vector<Note>& notes) {
  const NativeHistogram* before = &first;
  for (size_t i = 1; i < samples.size; ++i) {
    const NativeHistogram& current = *samples.histograms[i];
    if (IsCounterReset(current, *before)) {
      const auto combined = AddTo(growth, *before);
      if (!combined) return false;
      AddCombineNotes(notes, {false, combined->bounds_reconciled}, Combination::kAddition);
    }
    before = &current;
  }
  return true;
}

}  // namespace

std::shared_ptr<NativeHistogram> HistogramGrowth(const Samples& samples, bool counter,
                                                 const std::function<std::string()>& metric,
                                                 std::vector<Note>& notes) {
  // With a reset right behind it the first sample says nothing, so its buckets need not fit.
  const NativeHistogram& second = *samples.histograms[1];
  const bool starts_anew = counter && IsCounterReset(second, *samples.histograms[0]);
  const NativeHistogram first = starts_anew ? Empty(second) : *samples.histograms[0];
  if (!AllLike(samples, first, counter)) {
    AddNote(notes, MixedExponentialAndCustom(metric()));
    return nullptr;
  }
  NoteWrongKind(samples, counter, metric, notes);
  auto growth = std::make_shared<NativeHistogram>(
      AtSchema(*samples.histograms[samples.size - 1], CoarsestSchema(samples, first, counter)));
  const auto combined = SubtractFrom(*growth, first);
  if (!combined || (counter && !AddBackResets(samples, first, *growth, notes))) {
    AddNote(notes, MixedExponentialAndCustom(metric()));
    return nullptr;
  }
  AddCombineNotes(notes, {false, combined->bounds_reconciled}, Combination::kSubtraction);
  growth->counter_reset = CounterReset::kGauge;
  Compact(*growth);
  return growth;
}

std::shared_ptr<NativeHistogram> HistogramStep(const NativeHistogram& before,
                                               const NativeHistogram& last, bool counter,
                                               const std::function<std::string()>& metric,
                                               std::vector<Note>& notes) {
  if (counter && (IsGauge(before) || IsGauge(last))) AddNote(notes, NotACounter(metric()));
  if (!counter && (!IsGauge(before) || !IsGauge(last))) AddNote(notes, NotAGauge(metric()));
  auto step = std::make_shared<NativeHistogram>(last);
  if (!counter || !IsCounterReset(last, before)) {
    const auto combined = SubtractFrom(*step, before);
    if (!combined) {
      AddNote(notes, MixedExponentialAndCustom(metric()));
      return nullptr;
    }
    AddCombineNotes(notes, {false, combined->bounds_reconciled}, Combination::kSubtraction);
  }
  step->counter_reset = CounterReset::kGauge;
  Compact(*step);
  return step;
}

}  // namespace tocsin::engine
