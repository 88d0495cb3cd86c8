// and, or, unless: which rows stay depends on whether the other side has any present row in their
// match group.
#include <algorithm>

#include "engine/query/operators.h"
#include "engine/query/signature.h"

namespace tocsin::engine {
namespace {

using promql::BinaryOp;

class SetOperator : public Operator {
 public:
  SetOperator(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs)
      : Operator({std::move(lhs), std::move(rhs)}), groups_(*expr.matching) {}

 protected:
  bool Index() override {
    groups_.Update(input(0), left_groups_, left_layout_);
    groups_.Update(input(1), right_groups_, right_layout_);
    return TakeRows();
  }
  virtual bool TakeRows() = 0;

  // Marks the groups of present rows; InMarked() then tells whether a row's group is among them.
  void Mark(const Frame& frame, const std::vector<uint32_t>& groups) {
    marked_.assign(groups_.size(), 0);
    frame.ForEach([&](size_t row) { marked_[groups[row]] = 1; });
  }
  bool InMarked(uint32_t group) const { return marked_[group] != 0; }

  std::vector<uint32_t> left_groups_, right_groups_;

 private:
  MatchGroups groups_;
  uint64_t left_layout_ = 0, right_layout_ = 0;
  std::vector<uint8_t> marked_;
};

// and, unless: rows of the left side.
class Filter final : public SetOperator {
 public:
  Filter(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs)
      : SetOperator(expr, std::move(lhs), std::move(rhs)),
        keep_marked_(expr.op == BinaryOp::kAnd) {}

  Labels LabelsOf(size_t row) const override { return input(0).LabelsOf(row); }
  bool drops_name(size_t row) const override { return input(0).drops_name(row); }

 protected:
  bool TakeRows() override {
    const bool changed = rows_ != input(0).rows() || layout_ != input(0).layout() || version() == 0;
    TakeRowsOf(0);
    distinct_ = input(0).distinct();
    distinct_without_name_ = input(0).distinct_without_name();
    return changed;
  }

  absl::Status Compute(int64_t) override {
    Mark(in(1), right_groups_);
    frame_ = in(0);
    in(0).ForEach([&](size_t row) {
      if (InMarked(left_groups_[row]) != keep_marked_) frame_.Clear(row);
    });
    return absl::OkStatus();
  }

 private:
  const bool keep_marked_;
};

// or: rows of the left side, then those of the right side.
class Union final : public SetOperator {
 public:
  using SetOperator::SetOperator;

  Labels LabelsOf(size_t row) const override {
    return row < left_rows_ ? input(0).LabelsOf(row) : input(1).LabelsOf(row - left_rows_);
  }
  bool drops_name(size_t row) const override {
    return row < left_rows_ ? input(0).drops_name(row) : input(1).drops_name(row - left_rows_);
  }
  std::vector<int64_t> Newest(int64_t t) const override {
    std::vector<int64_t> newest = input(0).Newest(t);
    const std::vector<int64_t> right = input(1).Newest(t);
    newest.insert(newest.end(), right.begin(), right.end());
    return newest;
  }

 protected:
  bool TakeRows() override {
    left_rows_ = input(0).rows();
    rows_ = left_rows_ + input(1).rows();
    ++layout_;
    FindDuplicates();
    distinct_without_name_ = false;
    return true;
  }

  absl::Status Compute(int64_t) override {
    Mark(in(0), left_groups_);
    frame_.Reset(rows_);
    in(0).ForEach([&](size_t row) { frame_.Copy(row, in(0), row); });
    in(1).ForEach([&](size_t row) {
      if (!InMarked(right_groups_[row])) frame_.Copy(left_rows_ + row, in(1), row);
    });
    return absl::OkStatus();
  }

 private:
  size_t left_rows_ = 0;
};

}  // namespace

OperatorPtr MakeSetOperator(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs) {
  if (expr.op == BinaryOp::kOr)
    return std::make_shared<Union>(expr, std::move(lhs), std::move(rhs));
  return std::make_shared<Filter>(expr, std::move(lhs), std::move(rhs));
}

}  // namespace tocsin::engine
