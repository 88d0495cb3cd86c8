// topk, bottomk: the k largest or smallest rows of each group.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "engine/query/grouped.h"
#include "engine/query/histogram_notes.h"
#include "engine/query/label_order.h"

namespace tocsin::engine {
namespace {

using promql::AggregateOp;

struct Candidate {
  double value = 0;
  uint32_t row = 0;
};

// A binary heap with the worst candidate on top, NaN being worse than any number. Which of equal
// candidates survives depends on how the heap moves them, so it moves them as Prometheus' does.
class WorstFirst {
 public:
  explicit WorstFirst(bool top) : top_(top) {}

  void Clear() { heap_.clear(); }
  const std::vector<Candidate>& all() const { return heap_; }

  void Offer(Candidate candidate, size_t k) {
    if (heap_.size() < k) {
      heap_.push_back(candidate);
      Up(heap_.size() - 1);
    } else if (IsBetter(candidate.value, heap_[0].value)) {
      heap_[0] = candidate;
      Down(0);
    }
  }

 private:
  bool IsBetter(double value, double worst) const {
    return (top_ ? worst < value : worst > value) || (std::isnan(worst) && !std::isnan(value));
  }
  bool IsWorse(size_t a, size_t b) const {
    if (std::isnan(heap_[a].value)) return true;
    return top_ ? heap_[a].value < heap_[b].value : heap_[a].value > heap_[b].value;
  }
  void Up(size_t at) {
    while (at > 0) {
      const size_t parent = (at - 1) / 2;
      if (!IsWorse(at, parent)) return;
      std::swap(heap_[at], heap_[parent]);
      at = parent;
    }
  }
  void Down(size_t at) {
    for (;;) {
      size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && IsWorse(child + 1, child)) ++child;
      if (!IsWorse(child, at)) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  bool top_;
  std::vector<Candidate> heap_;
};

class Ranking final : public Operator {
 public:
  Ranking(bool top, Grouping grouping, OperatorPtr vector, OperatorPtr k)
      : Operator({std::move(vector), std::move(k)}), top_(top), groups_(std::move(grouping)) {}

  Labels LabelsOf(size_t row) const override { return input(0).LabelsOf(row); }
  bool drops_name(size_t row) const override { return input(0).drops_name(row); }

  // Best first, group by group.
  bool Order(std::vector<uint32_t>& rows) const override {
    rows.clear();
    for (size_t group = 0; group < heaps_.size(); ++group) {
      const size_t begin = rows.size();
      for (const Candidate& kept : heaps_[group].all()) {
        if (frame_.present(kept.row)) rows.push_back(kept.row);
      }
      std::stable_sort(rows.begin() + begin, rows.end(), [&](uint32_t a, uint32_t b) {
        const double x = frame_.value(a), y = frame_.value(b);
        if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
        return top_ ? x > y : x < y;
      });
    }
    return true;
  }

 protected:
  bool Index() override {
    TakeRowsOf(0);
    distinct_ = input(0).distinct();
    distinct_without_name_ = input(0).distinct_without_name();
    groups_.Update(input(0));
    heaps_.resize(groups_.size(), WorstFirst(top_));
    order_.Update(input(0));
    return true;
  }

  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    size_t k = 0;
    for (WorstFirst& heap : heaps_) heap.Clear();
    if (absl::Status status = ReadK(k); !status.ok() || k == 0) return status;
    if (in(0).has_histograms()) NoteIgnoredHistograms();
    for (uint32_t row : order_.rows()) {
      if (in(0).present(row) && in(0).histogram(row) == nullptr) {
        heaps_[groups_.of(row)].Offer({in(0).value(row), row}, k);
      }
    }
    for (const WorstFirst& heap : heaps_) {
      for (const Candidate& kept : heap.all()) frame_.Set(kept.row, kept.value);
    }
    return absl::OkStatus();
  }

 private:
  void NoteIgnoredHistograms() {
    Note note = IgnoredInAggregation(top_ ? AggregateOp::kTopk : AggregateOp::kBottomk);
    note.part = 1;
    AddNote(notes_, std::move(note));
  }

  absl::Status ReadK(size_t& k) const {
    const double param = scalar(1);
    if (std::isnan(param)) return absl::InvalidArgumentError("Parameter value is NaN");
    if (param <= -0x1p63) {
      return absl::InvalidArgumentError(absl::StrFormat("Scalar value %g underflows int64", param));
    }
    if (param >= 0x1p63) {
      return absl::InvalidArgumentError(absl::StrFormat("Scalar value %g overflows int64", param));
    }
    k = param < 1 ? 0 : static_cast<size_t>(std::min(param, static_cast<double>(rows_)));
    return absl::OkStatus();
  }

  const bool top_;
  Groups groups_;
  LabelOrder order_;               // decides among equal values, as in Prometheus
  std::vector<WorstFirst> heaps_;  // per group
};

}  // namespace

OperatorPtr MakeRanking(AggregateOp op, Grouping grouping, OperatorPtr vector, OperatorPtr k) {
  return std::make_shared<Ranking>(op == AggregateOp::kTopk, std::move(grouping), std::move(vector),
                                   std::move(k));
}

}  // namespace tocsin::engine
