#pragma once

#include <string>
#include <vector>

#include "base/labels.h"
#include "rules/promql/ast.h"
#include "tests/support/naive/storage.h"

namespace tocsin::naive {

struct Element {
  Labels labels;
  double value = 0;
  // The metric name is to go at the end of the evaluation (delayed name removal).
  bool drop_name = false;
  HistogramPtr histogram;  // instead of the value
};

struct Series {
  Labels labels;
  std::vector<Point> samples;
  bool drop_name = false;
};

// What an expression is worth at one instant; `type` says which member counts.
struct Value {
  promql::ValueType type = promql::ValueType::kVector;
  double scalar = 0;
  std::string text;
  std::vector<Element> vector;  // in result order (sort, topk)
  std::vector<Series> matrix;
  // The window a matrix was read from: (range_begin_ms, range_end_ms].
  int64_t range_begin_ms = 0;
  int64_t range_end_ms = 0;
};

inline Value ScalarValue(double scalar) {
  Value value;
  value.type = promql::ValueType::kScalar;
  value.scalar = scalar;
  return value;
}

inline Value VectorValue(std::vector<Element> vector) {
  Value value;
  value.vector = std::move(vector);
  return value;
}

}  // namespace tocsin::naive
