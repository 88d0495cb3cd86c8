// absent(v), absent_over_time(m): one row that is there when nothing else is.
#include <algorithm>

#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

class AbsentRow : public Operator {
 public:
  AbsentRow(Labels labels, OperatorPtr input)
      : Operator({std::move(input)}), labels_(std::move(labels)) {}

  Labels LabelsOf(size_t) const override { return labels_; }
  std::vector<int64_t> Newest(int64_t) const override { return {INT64_MIN}; }

 protected:
  bool Index() override {
    const bool changed = rows_ != 1;
    rows_ = 1;
    return changed;
  }
  absl::Status Compute(int64_t) override {
    frame_.Reset(1);
    if (IsAbsent()) frame_.Set(0, 1);
    return absl::OkStatus();
  }
  virtual bool IsAbsent() = 0;

 private:
  const Labels labels_;
};

class Absent final : public AbsentRow {
 public:
  using AbsentRow::AbsentRow;

 protected:
  bool IsAbsent() override {
    const auto& words = in(0).words();
    return std::all_of(words.begin(), words.end(), [](uint64_t word) { return word == 0; });
  }
};

class AbsentOverTime final : public AbsentRow {
 public:
  AbsentOverTime(Labels labels, std::shared_ptr<RangeVector> range)
      : AbsentRow(std::move(labels), range), range_(*range) {}

 protected:
  bool IsAbsent() override {
    for (size_t row = 0; row < range_.rows(); ++row) {
      if (range_.HasSample(row)) return false;
    }
    return true;
  }

 private:
  RangeVector& range_;
};

}  // namespace

OperatorPtr MakeAbsent(Labels labels, OperatorPtr vector) {
  return std::make_shared<Absent>(std::move(labels), std::move(vector));
}
OperatorPtr MakeAbsentOverTime(Labels labels, std::shared_ptr<RangeVector> range) {
  return std::make_shared<AbsentOverTime>(std::move(labels), std::move(range));
}

}  // namespace tocsin::engine
