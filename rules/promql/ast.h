#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/timestamp.h"

// The syntax tree of a PromQL expression (3.x). Plain data: made by ParseExpr() in parser.h, never
// changed afterwards.
namespace tocsin::promql {

// What an expression evaluates to.
enum class ValueType { kScalar, kVector, kMatrix, kString };
// "scalar", "instant vector", "range vector", "string"
absl::string_view ValueTypeName(ValueType type);

// Byte offsets [begin, end) in the parsed text.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

struct Matcher {
  MatchOp op = MatchOp::kEqual;
  std::string name;  // "__name__" for the metric name
  // A regex (RE2 syntax) is anchored at both ends and `.` matches newline: see CompileRegex().
  std::string value;
  Span span;
};

// `@ <time>`, `@ start()`, `@ end()`.
struct AtModifier {
  enum class Kind { kTime, kStart, kEnd };
  Kind kind = Kind::kTime;
  Timestamp time;  // for kTime
};

enum class ExprKind {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kUnary,
  kBinary,
  kAggregate,
  kCall,
  kParen,
};

struct Expr {
  virtual ~Expr() = default;
  const ExprKind kind;
  ValueType type = ValueType::kScalar;  // set by the parser's type check
  Span span;

 protected:
  explicit Expr(ExprKind k) : kind(k) {}
};
using ExprPtr = std::unique_ptr<Expr>;

// Down-cast after looking at `kind`.
template <typename T>
const T& As(const Expr& expr) {
  return static_cast<const T&>(expr);
}

struct NumberLiteral : Expr {
  NumberLiteral() : Expr(ExprKind::kNumber) {}
  double value = 0;
  bool is_duration = false;  // written as a duration ("5m"); its value is in seconds
};

struct StringLiteral : Expr {
  StringLiteral() : Expr(ExprKind::kString) {}
  std::string value;
};

struct VectorSelector : Expr {
  VectorSelector() : Expr(ExprKind::kVectorSelector) {}
  std::string metric;             // as written before or (quoted) inside the braces; may be empty
  std::vector<Matcher> matchers;  // the first is {__name__="metric"} when metric is given
  absl::Duration offset;          // negative looks ahead
  std::optional<AtModifier> at;
};

struct MatrixSelector : Expr {
  MatrixSelector() : Expr(ExprKind::kMatrixSelector) {}
  std::unique_ptr<VectorSelector> selector;  // carries offset and @
  absl::Duration range;                      // > 0
};

struct Subquery : Expr {
  Subquery() : Expr(ExprKind::kSubquery) {}
  ExprPtr expr;
  absl::Duration range;                // > 0
  std::optional<absl::Duration> step;  // absent: the default step
  absl::Duration offset;
  std::optional<AtModifier> at;
};

struct UnaryExpr : Expr {
  UnaryExpr() : Expr(ExprKind::kUnary) {}
  bool negate = false;  // false for unary plus
  ExprPtr expr;
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kTrimUpper,
  kTrimLower,
  kEql,
  kNeq,
  kGtr,
  kLss,
  kGte,
  kLte,
  kAnd,
  kOr,
  kUnless,
};
absl::string_view BinaryOpName(BinaryOp op);  // "+", "==", "and"
bool IsComparison(BinaryOp op);
bool IsSetOperator(BinaryOp op);
// `</` and `>/`, which take observations out of a native histogram.
bool IsTrim(BinaryOp op);

enum class Cardinality { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;  // kManyToMany for set operators
  bool on = false;                   // `labels` are the ones to match on, else the ones to ignore
  std::vector<std::string> labels;   // as written
  std::vector<std::string> include;  // of group_left(...) / group_right(...)
};

struct BinaryExpr : Expr {
  BinaryExpr() : Expr(ExprKind::kBinary) {}
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr lhs, rhs;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // present exactly if both sides are vectors
  Span op_span;
};

enum class AggregateOp {
  kSum,
  kAvg,
  kMin,
  kMax,
  kCount,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kQuantile,
  kCountValues,
  kLimitk,
  kLimitRatio,
};
absl::string_view AggregateOpName(AggregateOp op);

struct AggregateExpr : Expr {
  AggregateExpr() : Expr(ExprKind::kAggregate) {}
  AggregateOp op = AggregateOp::kSum;
  ExprPtr expr;
  ExprPtr param;  // of topk, bottomk, quantile, count_values, limitk, limit_ratio
  bool without = false;
  std::vector<std::string> grouping;  // as written
};

struct Function;  // functions.h

struct CallExpr : Expr {
  CallExpr() : Expr(ExprKind::kCall) {}
  const Function* function = nullptr;  // static storage
  std::vector<ExprPtr> args;
};

struct ParenExpr : Expr {
  ParenExpr() : Expr(ExprKind::kParen) {}
  ExprPtr expr;
};

// `expr` without the parentheses around it.
const Expr& Unwrap(const Expr& expr);

}  // namespace tocsin::promql
