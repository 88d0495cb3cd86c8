#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/promql/ast.h"
#include "rules/promql/lexer.h"
#include "rules/promql/parser.h"

namespace tocsin::promql {

// The recursive descent parser: tokens to a tree whose types are not checked yet. Made for one
// text, used once.
//
// Every function that returns a pointer or an optional returns none after a mistake; the first
// mistake is kept, later ones are ignored. Recursion is bounded by ParseOptions::depth_max, the
// tree by height_max. Sources: grammar.cc (operators, calls), grammar_selector.cc,
// grammar_duration.cc.
class Grammar {
 public:
  // Borrows `text` and `options`.
  Grammar(absl::string_view text, const ParseOptions& options);

  // The whole text as one expression.
  ExprPtr ParseWhole();
  // The whole text as one series selector without modifiers.
  std::unique_ptr<VectorSelector> ParseWholeSelector();

  // Set exactly if the above returned null.
  const std::optional<ParseError>& error() const { return error_; }

 private:
  // One more level of nesting while it lives; !ok(): too deep, and that has been reported.
  class Nesting;

  // Tokens.
  const Token& Current() const { return lexed_.tokens[position_]; }
  const Token& Ahead(size_t n = 1) const;
  bool At(TokenKind kind) const { return Current().kind == kind; }
  const Token& Take();
  bool TakeIf(TokenKind kind);

  // Errors. All return false so that callers can `return Fail(..), nullptr`.
  bool Fail(Span span, std::string message, std::string hint = "");
  bool FailUnexpected(absl::string_view context = "", absl::string_view expected = "");
  bool Expect(TokenKind kind, absl::string_view context, absl::string_view expected);
  bool RefuseExperimental(const Token& token, absl::string_view what);

  // Operators.
  ExprPtr ParseBinary(int precedence_min);
  ExprPtr ParseUnary();
  ExprPtr ParsePostfix();
  ExprPtr ParsePrimary();
  ExprPtr ParseNumber();
  ExprPtr ParseDurationLiteral();
  ExprPtr ParseString();
  ExprPtr ParseParen();
  ExprPtr ParseWord();

  // Calls, aggregations and the label lists of operators.
  ExprPtr ParseAggregate();
  ExprPtr ParseCall();
  bool ParseArguments(std::vector<ExprPtr>& args, absl::string_view context);
  bool ParseAggregateModifier(AggregateExpr& aggregate);
  bool ParseGrouping(std::vector<std::string>& labels);
  bool ParseBinaryModifiers(BinaryExpr& binary);
  bool ParseMatching(VectorMatching& matching);
  bool RefuseFill();

  // Selectors.
  std::unique_ptr<VectorSelector> ParseVectorSelector();
  bool ParseMatchers(VectorSelector& selector);
  bool ParseMatcher(VectorSelector& selector);
  bool SetMetric(VectorSelector& selector, const std::string& metric, Span name_span);
  bool ParseMatcherOperator(MatchOp& op);
  ExprPtr ParseBrackets(ExprPtr expr);
  ExprPtr MakeMatrix(ExprPtr expr, absl::Duration range, Span brackets);
  ExprPtr MakeSubquery(ExprPtr expr, absl::Duration range);
  bool ParseOffset(Expr& expr);
  bool ParseAt(Expr& expr);
  bool ParseAtTime(AtModifier& at, Span whole);
  bool RefuseRangeMode();

  // Durations in brackets and behind `offset`, in seconds; constant arithmetic is folded.
  std::optional<double> ParseDurationSum(absl::string_view context);
  std::optional<double> ParseDurationProduct(absl::string_view context);
  std::optional<double> ParseDurationSigned(absl::string_view context);
  std::optional<double> ParseDurationPower(absl::string_view context);
  std::optional<double> ParseDurationTerm(absl::string_view context);
  std::optional<double> ParseDurationMinMax(absl::string_view context);
  std::optional<double> DivideDurations(const Token& op, double lhs, double rhs);
  std::optional<absl::Duration> ToDuration(std::optional<double> seconds, Span span);
  std::optional<absl::Duration> ParsePositiveDuration(absl::string_view context);
  std::optional<absl::Duration> ParseOffsetDuration();

  // Height of the expression made last; a parent adds one.
  bool SetHeight(size_t height, Span span);

  const absl::string_view text_;
  const ParseOptions& options_;
  const LexResult lexed_;
  size_t position_ = 0;
  size_t previous_end_ = 0;  // of the token taken last
  size_t depth_ = 0;
  size_t height_ = 0;
  std::optional<ParseError> error_;
};

class Grammar::Nesting {
 public:
  explicit Nesting(Grammar& grammar);
  ~Nesting() { --grammar_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  bool ok() const { return ok_; }

 private:
  Grammar& grammar_;
  bool ok_ = true;
};

}  // namespace tocsin::promql
