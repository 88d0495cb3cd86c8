#pragma once

#include <cmath>

#include "rules/promql/ast.h"

namespace tocsin::engine {

// The arithmetic of one binary operator as a function object, so that loops are compiled once per
// operator:
//   WithArithmetic(op, [&](auto f) { out = f(a, b); });
// C's fmod, pow and atan2 agree with Go's in all special cases.
template <typename Fn>
void WithArithmetic(promql::BinaryOp op, Fn&& fn) {
  using promql::BinaryOp;
  switch (op) {
    case BinaryOp::kAdd:
      return fn([](double a, double b) { return a + b; });
    case BinaryOp::kSub:
      return fn([](double a, double b) { return a - b; });
    case BinaryOp::kMul:
      return fn([](double a, double b) { return a * b; });
    case BinaryOp::kDiv:
      return fn([](double a, double b) { return a / b; });
    case BinaryOp::kMod:
      return fn([](double a, double b) { return std::fmod(a, b); });
    case BinaryOp::kPow:
      return fn([](double a, double b) { return std::pow(a, b); });
    case BinaryOp::kAtan2:
      return fn([](double a, double b) { return std::atan2(a, b); });
    default:
      return;
  }
}

// The same for comparisons.
template <typename Fn>
void WithComparison(promql::BinaryOp op, Fn&& fn) {
  using promql::BinaryOp;
  switch (op) {
    case BinaryOp::kEql:
      return fn([](double a, double b) { return a == b; });
    case BinaryOp::kNeq:
      return fn([](double a, double b) { return a != b; });
    case BinaryOp::kGtr:
      return fn([](double a, double b) { return a > b; });
    case BinaryOp::kLss:
      return fn([](double a, double b) { return a < b; });
    case BinaryOp::kGte:
      return fn([](double a, double b) { return a >= b; });
    case BinaryOp::kLte:
      return fn([](double a, double b) { return a <= b; });
    default:
      return;
  }
}

}  // namespace tocsin::engine
