#include "rules/promql/ast.h"

#include <array>

#include "base/check.h"

namespace tocsin::promql {
namespace {

constexpr std::array<const char*, 18> kBinaryOpNames = {"+",     "-",  "*",  "/",   "%",  "^",
                                                        "atan2", "</", ">/", "==",  "!=", ">",
                                                        "<",     ">=", "<=", "and", "or", "unless"};

constexpr std::array<const char*, 14> kAggregateOpNames = {
    "sum",    "avg",  "min",     "max",      "count",        "group",  "stddev",
    "stdvar", "topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio"};

}  // namespace

absl::string_view ValueTypeName(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kString:
      return "string";
  }
  TOCSIN_CHECK(false) << "value type " << static_cast<int>(type);
  return "";
}

absl::string_view BinaryOpName(BinaryOp op) {
  return kBinaryOpNames.at(static_cast<size_t>(op));
}

bool IsComparison(BinaryOp op) {
  return op >= BinaryOp::kEql && op <= BinaryOp::kLte;
}

bool IsSetOperator(BinaryOp op) {
  return op >= BinaryOp::kAnd;
}

bool IsTrim(BinaryOp op) {
  return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower;
}

absl::string_view AggregateOpName(AggregateOp op) {
  return kAggregateOpNames.at(static_cast<size_t>(op));
}

const Expr& Unwrap(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kParen) inner = As<ParenExpr>(*inner).expr.get();
  return *inner;
}

}  // namespace tocsin::promql
