#pragma once

#include "base/labels.h"
#include "engine/query/operator.h"

namespace tocsin::engine {

// What becomes of the metric name in a result.
enum class NameRule {
  kKeep,
  kDrop,   // left out at once
  kDefer,  // kept for the operators above and left out of the query's result (delayed name removal)
};

inline NameRule DropRule(bool delayed_name_removal) {
  return delayed_name_removal ? NameRule::kDefer : NameRule::kDrop;
}

// An operator whose rows are those of its first input, one to one, except for the metric name.
class RowwiseOperator : public Operator {
 public:
  RowwiseOperator(std::vector<OperatorPtr> inputs, NameRule name_rule)
      : Operator(std::move(inputs)), name_rule_(name_rule) {}

  Labels LabelsOf(size_t row) const override {
    Labels labels = input(0).LabelsOf(row);
    return name_rule_ == NameRule::kDrop ? WithoutName(labels) : labels;
  }
  bool drops_name(size_t row) const override {
    return name_rule_ == NameRule::kDefer ||
           (name_rule_ == NameRule::kKeep && input(0).drops_name(row));
  }

 protected:
  bool Index() override {
    TakeRowsOf(0);
    distinct_ = input(0).distinct();
    distinct_without_name_ = input(0).distinct_without_name();
    if (name_rule_ == NameRule::kDrop && !distinct_without_name_) {
      FindDuplicates();
      distinct_without_name_ = distinct_;
    }
    return true;
  }

 private:
  const NameRule name_rule_;
};

}  // namespace tocsin::engine
