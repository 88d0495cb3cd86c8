#pragma once

#include <optional>
#include <vector>

#include "base/native_histogram.h"
#include "engine/query/operator.h"
#include "rules/promql/ast.h"

namespace tocsin::engine {

// One side of a binary operator.
struct Operand {
  double value = 0;
  HistogramPtr histogram;  // null: a float
};

// What an operator makes of two samples of which one or both may be histograms: the result of an
// arithmetic operator or trim. Of a comparison it is the left side, and `holds` tells its truth.
// nullopt: not defined for these two, which is noted.
struct BinaryResult {
  Operand value;
  bool holds = true;
};
std::optional<BinaryResult> ApplyBinary(promql::BinaryOp op, const Operand& left,
                                        const Operand& right, std::vector<Note>& notes);

}  // namespace tocsin::engine
