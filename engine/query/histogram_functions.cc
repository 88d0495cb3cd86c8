// histogram_count, histogram_sum, histogram_avg, histogram_stddev, histogram_stdvar: a number read
// off each native histogram. Floats are left out.
#include <cmath>
#include <utility>

#include "base/histogram/statistics.h"
#include "engine/query/operators.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

using Function = double (*)(const NativeHistogram&);

constexpr std::pair<absl::string_view, Function> kFunctions[] = {
    {"histogram_avg", HistogramAverage},
    {"histogram_count", [](const NativeHistogram& h) { return h.count; }},
    {"histogram_stddev", [](const NativeHistogram& h) { return std::sqrt(HistogramVariance(h)); }},
    {"histogram_stdvar", HistogramVariance},
    {"histogram_sum", [](const NativeHistogram& h) { return h.sum; }},
};

Function FindFunction(absl::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return nullptr;
}

class HistogramFunction final : public RowwiseOperator {
 public:
  HistogramFunction(Function function, OperatorPtr vector, NameRule drop)
      : RowwiseOperator({std::move(vector)}, drop), function_(function) {}

 protected:
  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    if (!in(0).has_histograms()) return absl::OkStatus();
    in(0).ForEach([&](size_t row) {
      const HistogramPtr& histogram = in(0).histogram(row);
      if (histogram != nullptr) frame_.Set(row, function_(*histogram));
    });
    return absl::OkStatus();
  }

 private:
  const Function function_;
};

}  // namespace

bool IsHistogramFunction(absl::string_view name) {
  return FindFunction(name) != nullptr;
}

OperatorPtr MakeHistogramFunction(absl::string_view name, OperatorPtr vector,
                                  bool delayed_name_removal) {
  return std::make_shared<HistogramFunction>(FindFunction(name), std::move(vector),
                                             DropRule(delayed_name_removal));
}

}  // namespace tocsin::engine
