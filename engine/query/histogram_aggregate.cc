#include "engine/query/histogram_aggregate.h"

#include <optional>

#include "base/histogram/mean.h"
#include "base/histogram/sum.h"
#include "engine/query/histogram_notes.h"

namespace tocsin::engine {
namespace {

// The histograms of one group.
template <typename Fold>
struct GroupFold {
  std::optional<Fold> fold;
  bool incompatible = false;
  bool reset = false;
  bool no_reset = false;

  // The metric name is asked for if the histogram cannot be added.
  template <typename Metric>
  void Add(const NativeHistogram& h, Metric&& metric, std::vector<Note>& notes) {
    reset = reset || h.counter_reset == CounterReset::kReset;
    no_reset = no_reset || h.counter_reset == CounterReset::kNotReset;
    if (!fold) {
      fold.emplace(h);
      return;
    }
    if (incompatible) return;
    const auto combined = fold->Add(h);
    if (combined) {
      AddCombineNotes(notes, {false, combined->bounds_reconciled}, Combination::kAggregation);
    } else {
      incompatible = true;
      AddNote(notes, MixedExponentialAndCustom(metric()));
    }
  }
};

template <typename Fold, typename Finish>
void FoldGroups(const Operator& input, const Groups& groups, Frame& frame, std::vector<Note>& notes,
                Finish&& finish) {
  const Frame& from = input.frame();
  std::vector<GroupFold<Fold>> folds(groups.size());
  from.ForEach([&](size_t row) {
    const HistogramPtr& histogram = from.histogram(row);
    if (histogram == nullptr) return;
    folds[groups.of(row)].Add(
        *histogram, [&] { return std::string(input.LabelsOf(row).metric_name()); }, notes);
  });
  for (size_t group = 0; group < folds.size(); ++group) {
    GroupFold<Fold>& fold = folds[group];
    if (!fold.fold) continue;
    if (frame.present(group)) {
      AddNote(notes, MixedFloatsAndHistogramsInAggregation());
      frame.Clear(group);
      continue;
    }
    if (fold.incompatible) continue;
    AddCombineNotes(notes, {fold.reset && fold.no_reset, false}, Combination::kAggregation);
    auto result = std::make_shared<NativeHistogram>(finish(*fold.fold));
    Compact(*result);
    frame.SetHistogram(group, std::move(result));
  }
}

}  // namespace

void FoldHistograms(promql::AggregateOp op, const Operator& input, const Groups& groups,
                    Frame& frame, std::vector<Note>& notes) {
  if (op == promql::AggregateOp::kSum) {
    FoldGroups<HistogramSum>(input, groups, frame, notes,
                             [](const HistogramSum& sum) { return sum.Total(); });
  } else {
    FoldGroups<HistogramMean>(input, groups, frame, notes,
                              [](const HistogramMean& mean) { return mean.Get(); });
  }
}

}  // namespace tocsin::engine
