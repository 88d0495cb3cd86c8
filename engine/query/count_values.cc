// count_values: how often each value occurs. The value becomes a label, so rows come up as values
// do; they stay until the input's rows are renumbered or most of them are of values long gone.
#include <algorithm>
#include <bit>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/histogram/text.h"
#include "engine/query/operators.h"
#include "rules/promql/number.h"

namespace tocsin::engine {
namespace {

class CountValues final : public Operator {
 public:
  CountValues(Grouping grouping, OperatorPtr vector, std::string label)
      : Operator({std::move(vector)}), grouping_(std::move(grouping)), label_(std::move(label)) {
    // The label counts as named in the grouping: by() keeps it, without() does not drop it.
    if (grouping_.without) {
      std::erase(grouping_.labels, label_);
    } else {
      grouping_.labels.push_back(label_);
    }
  }

  Labels LabelsOf(size_t row) const override { return labels_[row]; }

  std::vector<int64_t> Newest(int64_t t) const override {
    const std::vector<int64_t> members = input(0).Newest(t);
    std::vector<int64_t> newest(rows_, INT64_MIN);
    in(0).ForEach([&](size_t row) {
      const uint32_t to = in(0).histogram(row)
                              ? row_by_labels_.at(HistogramLabels(row).Fingerprint())
                              : row_of_.at(KeyOf(row));
      newest[to] = std::max(newest[to], members[row]);
    });
    return newest;
  }

 protected:
  bool Index() override {
    const bool first = version() == 0;
    if (first || input(0).layout() != seen_layout_) {
      seen_layout_ = input(0).layout();
      Forget();
    }
    return first;
  }

  absl::Status Compute(int64_t) override {
    if (moment().generation != generation_) ForgetOldValues();
    const size_t rows_before = rows_;
    targets_.clear();
    in(0).ForEach([&](size_t row) { targets_.push_back(Learn(row)); });
    if (rows_ != rows_before) RowsChanged();
    frame_.Reset(rows_);
    for (const uint32_t to : targets_) {
      frame_.Set(to, frame_.present(to) ? frame_.value(to) + 1 : 1);
    }
    return absl::OkStatus();
  }

 private:
  // What was learnt while the samples stayed the same was needed at once: a subquery asks for many
  // instants. So this is judged only when they changed, and what one state needed is the measure:
  // values are forgotten when no more than a quarter of them can be current.
  void ForgetOldValues() {
    generation_ = moment().generation;
    if (row_of_.empty()) return;
    if (std::exchange(measuring_, false)) known_max_ = std::max(kKnownMin, 4 * row_of_.size());
    if (row_of_.size() > known_max_) Forget();
  }

  void Forget() {
    if (rows_ > 0) RowsChanged();
    ++layout_;
    labels_.clear();
    row_of_.clear();
    row_by_labels_.clear();
    rows_ = 0;
    measuring_ = true;
  }

  static constexpr size_t kKnownMin = 64;
  using Key = std::pair<uint64_t, uint32_t>;  // bits of the value, input row

  Key KeyOf(size_t row) const {
    return {std::bit_cast<uint64_t>(in(0).value(row)), static_cast<uint32_t>(row)};
  }

  Labels LabelsFor(size_t row, std::string value) const {
    LabelsBuilder builder(input(0).LabelsOf(row));
    return grouping_.Of(builder.Set(label_, std::move(value)).Build());
  }
  Labels HistogramLabels(size_t row) const {
    return LabelsFor(row, HistogramText(*in(0).histogram(row)));
  }

  // The result row of an input row's value.
  uint32_t Learn(size_t row) {
    if (in(0).histogram(row) != nullptr) return RowOf(HistogramLabels(row));
    if (const auto known = row_of_.find(KeyOf(row)); known != row_of_.end()) return known->second;
    const uint32_t to = RowOf(LabelsFor(row, promql::FormatNumber(in(0).value(row))));
    row_of_.emplace(KeyOf(row), to);
    return to;
  }

  uint32_t RowOf(Labels labels) {
    const auto [it, added] =
        row_by_labels_.try_emplace(labels.Fingerprint(), static_cast<uint32_t>(labels_.size()));
    if (added) {
      labels_.push_back(std::move(labels));
      ++rows_;
    }
    return it->second;
  }

  Grouping grouping_;
  const std::string label_;
  uint64_t seen_layout_ = 0;
  std::vector<Labels> labels_;
  std::vector<uint32_t> targets_;  // the result rows of the present input rows
  absl::flat_hash_map<Key, uint32_t> row_of_;
  uint64_t generation_ = 0;  // of the last evaluation
  bool measuring_ = true;    // row_of_ has what one state of the table needs
  size_t known_max_ = 0;     // and that four times
  absl::flat_hash_map<absl::uint128, uint32_t> row_by_labels_;
};

}  // namespace

OperatorPtr MakeCountValues(Grouping grouping, OperatorPtr vector, std::string label) {
  return std::make_shared<CountValues>(std::move(grouping), std::move(vector), std::move(label));
}

}  // namespace tocsin::engine
