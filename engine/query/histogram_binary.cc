#include "engine/query/histogram_binary.h"

#include "base/histogram/sum.h"
#include "base/histogram/trim.h"
#include "engine/query/arithmetic.h"
#include "engine/query/histogram_notes.h"

namespace tocsin::engine {
namespace {

using promql::BinaryOp;
using Outcome = std::optional<BinaryResult>;

Outcome Histogram(NativeHistogram histogram) {
  return BinaryResult{{0, std::make_shared<const NativeHistogram>(std::move(histogram))}};
}

Outcome OfFloats(BinaryOp op, const Operand& left, const Operand& right) {
  Outcome result;
  WithArithmetic(op, [&](auto f) { result = BinaryResult{{f(left.value, right.value), nullptr}}; });
  WithComparison(op, [&](auto f) { result = BinaryResult{left, f(left.value, right.value)}; });
  return result;
}

Outcome Scaled(BinaryOp op, const NativeHistogram& histogram, double factor) {
  NativeHistogram scaled = histogram;
  op == BinaryOp::kMul ? Multiply(scaled, factor) : Divide(scaled, factor);
  Compact(scaled);
  return Histogram(std::move(scaled));
}

Outcome Combined(BinaryOp op, const NativeHistogram& left, const NativeHistogram& right,
                 std::vector<Note>& notes) {
  NativeHistogram combined = left;
  const bool add = op == BinaryOp::kAdd;
  const auto what = add ? AddTo(combined, right) : SubtractFrom(combined, right);
  if (!what) {
    AddNote(notes, IncompatibleBuckets(op));
    return std::nullopt;
  }
  AddCombineNotes(notes, *what, add ? Combination::kAddition : Combination::kSubtraction);
  if (!add) combined.counter_reset = CounterReset::kGauge;
  Compact(combined);
  return Histogram(std::move(combined));
}

Outcome OfHistogramAndFloat(BinaryOp op, const NativeHistogram& left, double right) {
  switch (op) {
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
      return Scaled(op, left, right);
    case BinaryOp::kTrimUpper:
      return Histogram(Trimmed(left, Trim::kKeepBelow, right));
    case BinaryOp::kTrimLower:
      return Histogram(Trimmed(left, Trim::kKeepAbove, right));
    default:
      return std::nullopt;
  }
}

Outcome OfDefinedTypes(BinaryOp op, const Operand& left, const Operand& right) {
  if (!left.histogram && !right.histogram) return OfFloats(op, left, right);
  if (left.histogram && right.histogram) {
    if (op != BinaryOp::kEql && op != BinaryOp::kNeq) return std::nullopt;
    const bool same = SameHistogram(*left.histogram, *right.histogram);
    return BinaryResult{left, same == (op == BinaryOp::kEql)};
  }
  if (left.histogram) return OfHistogramAndFloat(op, *left.histogram, right.value);
  return op == BinaryOp::kMul ? Scaled(op, *right.histogram, left.value) : std::nullopt;
}

}  // namespace

Outcome ApplyBinary(BinaryOp op, const Operand& left, const Operand& right,
                    std::vector<Note>& notes) {
  const bool both = left.histogram && right.histogram;
  if (both && (op == BinaryOp::kAdd || op == BinaryOp::kSub)) {
    return Combined(op, *left.histogram, *right.histogram, notes);
  }
  Outcome result = OfDefinedTypes(op, left, right);
  if (!result) {
    AddNote(notes, IncompatibleTypes(op, left.histogram != nullptr, right.histogram != nullptr));
  }
  return result;
}

}  // namespace tocsin::engine
