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
  bool Index() override { return TakeRows(groups_.Update(input(0), input(1))); }
  // `anew`: rows of an input were renumbered. Returns whether the rows changed.
  virtual bool TakeRows(bool anew) = 0;

  // Marks the groups of present rows; InMarked() then tells whether a row's group is among them.
  void Mark(const Frame& frame, const std::vector<uint32_t>& groups) {
    marked_.assign(groups_.size(), 0);
    frame.ForEach([&](size_t row) { marked_[groups[row]] = 1; });
  }
  bool InMarked(uint32_t group) const { return marked_[group] != 0; }

 private:
  MatchGroups groups_;
  std::vector<uint8_t> marked_;

 protected:
  const std::vector<uint32_t>& left_groups_ = groups_.left();
  const std::vector<uint32_t>& right_groups_ = groups_.right();
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
  bool TakeRows(bool) override {
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

// or: the rows of both sides, in the order they came.
class Union final : public SetOperator {
 public:
  using SetOperator::SetOperator;

  Labels LabelsOf(size_t row) const override {
    return input(places_[row].side).LabelsOf(places_[row].row);
  }
  bool drops_name(size_t row) const override {
    return input(places_[row].side).drops_name(places_[row].row);
  }
  std::vector<int64_t> Newest(int64_t t) const override {
    const std::vector<int64_t> of_side[] = {input(0).Newest(t), input(1).Newest(t)};
    std::vector<int64_t> newest;
    for (const Place& place : places_) newest.push_back(of_side[place.side][place.row]);
    return newest;
  }

 protected:
  bool TakeRows(bool anew) override {
    if (anew) {
      ++layout_;
      places_.clear();
      for (auto& rows : rows_of_) rows.clear();
    }
    const bool changed = anew || version() == 0 || rows_ != input(0).rows() + input(1).rows();
    for (uint32_t side = 0; side < 2; ++side) {
      while (rows_of_[side].size() < input(side).rows()) {
        const uint32_t row = static_cast<uint32_t>(rows_of_[side].size());
        rows_of_[side].push_back(static_cast<uint32_t>(places_.size()));
        places_.push_back({side, row});
      }
    }
    rows_ = places_.size();
    FindDuplicates();
    distinct_without_name_ = false;
    return changed;
  }

  absl::Status Compute(int64_t) override {
    Mark(in(0), left_groups_);
    frame_.Reset(rows_);
    in(0).ForEach([&](size_t row) { frame_.Copy(rows_of_[0][row], in(0), row); });
    in(1).ForEach([&](size_t row) {
      if (!InMarked(right_groups_[row])) frame_.Copy(rows_of_[1][row], in(1), row);
    });
    return absl::OkStatus();
  }

 private:
  struct Place {
    uint32_t side = 0;  // the input
    uint32_t row = 0;   // and its row
  };
  std::vector<Place> places_;         // per row
  std::vector<uint32_t> rows_of_[2];  // per row of each input
};

}  // namespace

OperatorPtr MakeSetOperator(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs) {
  if (expr.op == BinaryOp::kOr)
    return std::make_shared<Union>(expr, std::move(lhs), std::move(rhs));
  return std::make_shared<Filter>(expr, std::move(lhs), std::move(rhs));
}

}  // namespace tocsin::engine
