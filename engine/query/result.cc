// The end of a query.
#include "absl/container/flat_hash_map.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// Leaves out names that were to be dropped, and joins rows with equal labels into one: they stand
// for the same result, and at most one of them may be present. In the usual case rows pass through
// as they are. No labels are kept: of most rows nobody ever asks for them.
class Result final : public Operator {
 public:
  Result(OperatorPtr vector, bool final) : Operator({std::move(vector)}), final_(final) {}

  const Frame& frame() const override { return joined_ ? frame_ : in(0); }
  Labels LabelsOf(size_t row) const override { return LabelsOfInput(InputRow(row)); }
  bool drops_name(size_t row) const override {
    return !final_ && input(0).drops_name(InputRow(row));
  }

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
    if (seen_layout_ != input(0).layout()) {
      seen_layout_ = input(0).layout();
      row_of_.clear();
      input_rows_.clear();
      row_by_labels_.clear();
      taken_ = 0;
      any_dropped_ = joined_ = false;
    }
    const bool distinct = input(0).distinct();
    for (; taken_ < input(0).rows(); ++taken_) Take(taken_, distinct);
    rows_ = joined_ ? input_rows_.size() : taken_;
    layout_ = input(0).layout();
    distinct_without_name_ = final_ || input(0).distinct_without_name();
    return true;
  }

  absl::Status Compute(int64_t) override {
    if (!joined_) return absl::OkStatus();
    frame_.Reset(rows_);
    bool collision = false;
    in(0).ForEach([&](size_t row) {
      const uint32_t to = row_of_[row];
      collision = collision || frame_.present(to);
      if (!frame_.present(to)) frame_.Copy(to, in(0), row);
    });
    if (!collision) return absl::OkStatus();
    return absl::InvalidArgumentError("vector cannot contain metrics with the same labelset");
  }

 private:
  Labels LabelsOfInput(size_t row) const {
    Labels labels = input(0).LabelsOf(row);
    return final_ && input(0).drops_name(row) ? WithoutName(labels) : labels;
  }
  size_t InputRow(size_t row) const { return joined_ ? input_rows_[row] : row; }

  void Take(size_t row, bool distinct) {
    if (final_ && input(0).drops_name(row)) any_dropped_ = true;
    if (row_of_.empty() && distinct && (!any_dropped_ || input(0).distinct_without_name())) return;
    // Rows taken while all were known to be distinct stand for themselves.
    for (size_t before = row_of_.size(); before < row; ++before) Place(before);
    Place(row);
  }

  void Place(size_t row) {
    const auto next = static_cast<uint32_t>(input_rows_.size());
    const auto [it, added] = row_by_labels_.try_emplace(LabelsOfInput(row).Fingerprint(), next);
    row_of_.push_back(it->second);
    if (added) {
      input_rows_.push_back(static_cast<uint32_t>(row));
    } else {
      joined_ = true;
    }
  }

  const bool final_;
  uint64_t seen_layout_ = UINT64_MAX;
  size_t taken_ = 0;
  bool any_dropped_ = false;
  bool joined_ = false;
  // Filled only once rows may not be distinct.
  std::vector<uint32_t> row_of_;      // result row of each input row
  std::vector<uint32_t> input_rows_;  // the first input row of each result row
  absl::flat_hash_map<absl::uint128, uint32_t> row_by_labels_;
};

}  // namespace

OperatorPtr MakeResult(OperatorPtr vector) {
  return std::make_shared<Result>(std::move(vector), /*final=*/true);
}
OperatorPtr MakeMerge(OperatorPtr vector) {
  return std::make_shared<Result>(std::move(vector), /*final=*/false);
}

}  // namespace tocsin::engine
