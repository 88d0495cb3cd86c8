// sort, sort_desc, sort_by_label, sort_by_label_desc: the rows as they are, and an order to show
// them in.
#include <algorithm>
#include <cmath>

#include "engine/query/label_order.h"
#include "engine/query/operators.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The number of digits at the front, and without leading zeros.
absl::string_view Digits(absl::string_view text) {
  size_t end = 0;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return text.substr(0, end);
}

absl::string_view WithoutZeros(absl::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == absl::string_view::npos ? "" : digits.substr(first);
}

// Runs of digits compare as numbers, everything else as bytes: "a9" comes before "a10".
int NaturalCompare(absl::string_view a, absl::string_view b) {
  while (!a.empty() && !b.empty()) {
    const absl::string_view a_digits = Digits(a), b_digits = Digits(b);
    if (a_digits.empty() || b_digits.empty()) {
      if (a[0] != b[0])
        return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]) ? -1 : 1;
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const absl::string_view a_number = WithoutZeros(a_digits), b_number = WithoutZeros(b_digits);
    if (a_number.size() != b_number.size()) return a_number.size() < b_number.size() ? -1 : 1;
    if (const int c = a_number.compare(b_number); c != 0) return c;
    a.remove_prefix(a_digits.size());
    b.remove_prefix(b_digits.size());
  }
  return a.empty() ? (b.empty() ? 0 : -1) : 1;
}

class Sort : public RowwiseOperator {
 public:
  Sort(const SortOptions& options, OperatorPtr vector)
      : RowwiseOperator({std::move(vector)}, NameRule::kKeep), options_(options) {}

  const Frame& frame() const override { return without_histograms() ? frame_ : in(0); }

  bool Order(std::vector<uint32_t>& rows) const override {
    rows.clear();
    if (options_.labels) {
      for (uint32_t row : order_.rows()) {
        if (frame().present(row)) rows.push_back(row);
      }
      return true;
    }
    frame().ForEach([&](size_t row) { rows.push_back(static_cast<uint32_t>(row)); });
    ByValue(rows);
    return true;
  }

 protected:
  bool Index() override {
    if (options_.labels) order_.Update(input(0));
    return RowwiseOperator::Index();
  }

  absl::Status Compute(int64_t) override {
    if (options_.range_query) {
      notes_.push_back({true,
                        "sort is ineffective for range queries since results are always ordered by "
                        "labels"});
    }
    if (!without_histograms()) return absl::OkStatus();
    frame_.Reset(rows_);
    in(0).ForEachFloat([&](size_t row) { frame_.Set(row, in(0).value(row)); });
    return absl::OkStatus();
  }

 private:
  // Native histograms have no order by value.
  bool without_histograms() const { return !options_.labels && in(0).has_histograms(); }

  // NaN comes last in both directions.
  void ByValue(std::vector<uint32_t>& rows) const {
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
      const double x = in(0).value(a), y = in(0).value(b);
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
      return options_.descending ? x > y : x < y;
    });
  }

  int CompareLabels(const Labels& a, const Labels& b) const {
    for (const std::string& name : *options_.labels) {
      if (const int c = NaturalCompare(a.Get(name), b.Get(name)); c != 0) return c;
    }
    const auto order = a <=> b;
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  const SortOptions options_;
  LabelOrder order_{[this](const Labels& a, const Labels& b) {
    const int order = CompareLabels(a, b);
    return options_.descending ? order > 0 : order < 0;
  }};
};

}  // namespace

OperatorPtr MakeSort(const SortOptions& options, OperatorPtr vector) {
  return std::make_shared<Sort>(options, std::move(vector));
}

}  // namespace tocsin::engine
