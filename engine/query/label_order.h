#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/labels.h"
#include "engine/query/operator.h"

namespace tocsin::engine {

// An operator's rows in an order of their labels; equal ones in the order they came. Rows that were
// appended are put in among the others. Labels are kept for that, so each row is asked for them
// once.
class LabelOrder {
 public:
  using Less = std::function<bool(const Labels&, const Labels&)>;
  // Prometheus' order of series, unless said otherwise.
  LabelOrder() : LabelOrder([](const Labels& a, const Labels& b) { return (a <=> b) < 0; }) {}
  explicit LabelOrder(Less less) : less_(std::move(less)) {}

  // Takes in the rows that are new since the last call.
  void Update(const Operator& input);
  const std::vector<uint32_t>& rows() const { return rows_; }

 private:
  const Less less_;
  uint64_t layout_ = 0;         // of the rows that are known
  std::vector<Labels> labels_;  // per row
  std::vector<uint32_t> rows_;  // in order
};

}  // namespace tocsin::engine
