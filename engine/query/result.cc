// The end of a query.
#include "absl/container/flat_hash_map.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// Leaves out names that were to be dropped, and joins rows with equal labels into one: they stand
// for the same result, and at most one of them may be present. In the usual case rows pass through
// as they are.
class Result final : public ResultOperator {
 public:
  Result(OperatorPtr vector, bool final) : ResultOperator({std::move(vector)}), final_(final) {}

  const std::vector<Labels>& labels() const override { return labels_; }
  const Frame& frame() const override { return joined_ ? frame_ : in(0); }
  Labels LabelsOf(size_t row) const override { return labels_[row]; }
  bool drops_name(size_t row) const override { return !final_ && drops_name_[row]; }

  bool Order(std::vector<uint32_t>& rows) const override {
    if (!input(0).Order(rows)) return false;
    if (joined_) {
      for (uint32_t& row : rows) row = row_of_[row];
    }
    return true;
  }

  std::vector<int64_t> Newest(int64_t t) const override {
    std::vector<int64_t> newest = input(0).Newest(t);
    if (!joined_) return newest;
    std::vector<int64_t> joined(rows_, INT64_MIN);
    in(0).ForEach([&](size_t row) { joined[row_of_[row]] = newest[row]; });
    return joined;
  }

 protected:
  bool Index() override {
    const size_t rows_before = rows_;
    const bool anew = seen_layout_ != input(0).layout();
    if (anew) {
      seen_layout_ = input(0).layout();
      labels_.clear();
      drops_name_.clear();
      row_of_.clear();
      row_by_labels_.clear();
      taken_ = 0;
      any_dropped_ = joined_ = false;
    }
    const bool distinct = input(0).distinct();
    for (; taken_ < input(0).rows(); ++taken_) Take(taken_, distinct);
    rows_ = labels_.size();
    layout_ = input(0).layout();
    distinct_without_name_ = final_ || input(0).distinct_without_name();
    return anew || rows_ != rows_before;
  }

  absl::Status Compute(int64_t) override {
    if (!joined_) return absl::OkStatus();
    frame_.Reset(rows_);
    bool collision = false;
    in(0).ForEach([&](size_t row) {
      collision = collision || frame_.present(row_of_[row]);
      frame_.Copy(row_of_[row], in(0), row);
    });
    if (!collision) return absl::OkStatus();
    return absl::InvalidArgumentError("vector cannot contain metrics with the same labelset");
  }

 private:
  void Take(size_t row, bool distinct) {
    Labels labels = input(0).LabelsOf(row);
    const bool drops_name = input(0).drops_name(row);
    if (drops_name && final_) {
      labels = WithoutName(labels);
      any_dropped_ = true;
    }
    if (!StayDistinct(distinct)) {
      Remember();
      const auto [it, added] =
          row_by_labels_.try_emplace(labels.Fingerprint(), static_cast<uint32_t>(labels_.size()));
      row_of_.push_back(it->second);
      if (!added) {
        joined_ = true;
        return;
      }
    }
    labels_.push_back(std::move(labels));
    drops_name_.push_back(drops_name);
  }

  bool StayDistinct(bool distinct) const {
    return row_of_.empty() && distinct && (!any_dropped_ || input(0).distinct_without_name());
  }

  // Rows taken while all were known to be distinct stand for themselves.
  void Remember() {
    for (uint32_t row = static_cast<uint32_t>(row_of_.size()); row < labels_.size() && !joined_;
         ++row) {
      row_by_labels_.try_emplace(labels_[row].Fingerprint(), row);
      row_of_.push_back(row);
    }
  }

  const bool final_;
  std::vector<Labels> labels_;
  std::vector<bool> drops_name_;
  uint64_t seen_layout_ = UINT64_MAX;
  size_t taken_ = 0;
  bool any_dropped_ = false;
  bool joined_ = false;
  // Filled only once rows may not be distinct: result row of each input row.
  std::vector<uint32_t> row_of_;
  absl::flat_hash_map<absl::uint128, uint32_t> row_by_labels_;
};

}  // namespace

std::shared_ptr<ResultOperator> MakeResult(OperatorPtr vector) {
  return std::make_shared<Result>(std::move(vector), /*final=*/true);
}
OperatorPtr MakeMerge(OperatorPtr vector) {
  return std::make_shared<Result>(std::move(vector), /*final=*/false);
}

}  // namespace tocsin::engine
