// Arithmetic and comparison of a vector with a scalar.
#include <algorithm>

#include "engine/query/arithmetic.h"
#include "engine/query/histogram_binary.h"
#include "engine/query/operators.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

NameRule RuleOf(const VectorScalarOptions& options) {
  const bool filter = promql::IsComparison(options.op) && !options.return_bool;
  return filter || promql::IsTrim(options.op) ? NameRule::kKeep
                                              : DropRule(options.delayed_name_removal);
}

// Loops run over whole columns, absent rows included: their values are arbitrary, and so are the
// results.
class VectorScalar final : public RowwiseOperator {
 public:
  VectorScalar(const VectorScalarOptions& options, OperatorPtr vector, OperatorPtr scalar)
      : RowwiseOperator({std::move(vector), std::move(scalar)}, RuleOf(options)),
        options_(options) {}

  std::vector<int64_t> Newest(int64_t t) const override {
    std::vector<int64_t> newest = input(0).Newest(t);
    const int64_t scalar_newest = input(1).Newest(t)[0];
    for (int64_t& time : newest) time = std::max(time, scalar_newest);
    return newest;
  }

 protected:
  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    if (in(0).has_histograms() || promql::IsTrim(options_.op)) [[unlikely]] {
      in(0).ForEach([&](size_t row) { ComputeMixed(row); });
      return absl::OkStatus();
    }
    const double s = scalar(1);
    const bool left = options_.scalar_left;
    WithArithmetic(options_.op, [&](auto f) {
      left ? Map([&](double v) { return f(s, v); }) : Map([&](double v) { return f(v, s); });
    });
    WithComparison(options_.op, [&](auto f) {
      left ? Compare([&](double v) { return f(s, v); })
           : Compare([&](double v) { return f(v, s); });
    });
    return absl::OkStatus();
  }

 private:
  void ComputeMixed(size_t row) {
    const Operand element{in(0).value(row), in(0).histogram(row)}, other{scalar(1), nullptr};
    const bool left = options_.scalar_left;
    const auto result =
        ApplyBinary(options_.op, left ? other : element, left ? element : other, notes_);
    if (!result) return;
    if (options_.return_bool) {
      frame_.Set(row, result->holds ? 1 : 0);
    } else if (promql::IsComparison(options_.op)) {
      if (result->holds) frame_.Copy(row, in(0), row);
    } else if (result->value.histogram != nullptr) {
      frame_.SetHistogram(row, result->value.histogram);
    } else {
      frame_.Set(row, result->value.value);
    }
  }

  template <typename Fn>
  void Map(Fn fn) {
    const double* from = in(0).values().data();
    double* to = frame_.values().data();
    for (size_t row = 0; row < rows_; ++row) to[row] = fn(from[row]);
    frame_.words() = in(0).words();
  }

  template <typename Fn>
  void Compare(Fn fn) {
    if (options_.return_bool) return Map([&](double v) { return fn(v) ? 1.0 : 0.0; });
    // A filter keeps the vector's value, on whichever side it stands.
    const double* from = in(0).values().data();
    double* to = frame_.values().data();
    for (size_t word = 0; word < frame_.words().size(); ++word) {
      const size_t begin = word * 64, end = std::min(rows_, begin + 64);
      uint64_t bits = 0;  // in order from the top, so that each takes a shift by one
      for (size_t row = begin; row < end; ++row) bits = bits >> 1 | uint64_t{fn(from[row])} << 63;
      frame_.words()[word] = bits >> (64 - (end - begin)) & in(0).words()[word];
      if (frame_.words()[word] != 0) std::copy(from + begin, from + end, to + begin);
    }
  }

  const VectorScalarOptions options_;
};

}  // namespace

OperatorPtr MakeVectorScalar(const VectorScalarOptions& options, OperatorPtr vector,
                             OperatorPtr scalar) {
  return std::make_shared<VectorScalar>(options, std::move(vector), std::move(scalar));
}

}  // namespace tocsin::engine
