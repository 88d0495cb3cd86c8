#include "rules/promql/grammar.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "rules/promql/duration.h"
#include "rules/promql/number.h"

namespace tocsin::promql {
namespace {

constexpr int kPowPrecedence = 6;

// 0: not a binary operator.
int Precedence(TokenKind kind) {
  switch (kind) {
    case TokenKind::kOr:
      return 1;
    case TokenKind::kAnd:
    case TokenKind::kUnless:
      return 2;
    case TokenKind::kEql:
    case TokenKind::kNeq:
    case TokenKind::kGtr:
    case TokenKind::kLss:
    case TokenKind::kGte:
    case TokenKind::kLte:
    case TokenKind::kTrimUpper:
    case TokenKind::kTrimLower:
      return 3;
    case TokenKind::kAdd:
    case TokenKind::kSub:
      return 4;
    case TokenKind::kMul:
    case TokenKind::kDiv:
    case TokenKind::kMod:
    case TokenKind::kAtan2:
      return 5;
    case TokenKind::kPow:
      return kPowPrecedence;
    default:
      return 0;
  }
}

BinaryOp BinaryOpOf(TokenKind kind) {
  return static_cast<BinaryOp>(static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd));
}

// Words that may stand for a metric where an expression begins.
bool MayNameMetric(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAggregate:
    case TokenKind::kAnd:
    case TokenKind::kOr:
    case TokenKind::kUnless:
    case TokenKind::kBy:
    case TokenKind::kWithout:
    case TokenKind::kOffset:
    case TokenKind::kStartWord:
    case TokenKind::kEndWord:
    case TokenKind::kStepWord:
    case TokenKind::kRangeWord:
      return true;
    default:
      return false;
  }
}

bool MayNameFunction(TokenKind kind) {
  return kind == TokenKind::kIdentifier || kind == TokenKind::kStartWord ||
         kind == TokenKind::kEndWord || kind == TokenKind::kStepWord ||
         kind == TokenKind::kRangeWord;
}

Span Cover(const Expr& first, const Expr& last) {
  return {first.span.begin, last.span.end};
}

}  // namespace

Grammar::Nesting::Nesting(Grammar& grammar) : grammar_(grammar) {
  const size_t limit = grammar_.options_.depth_max;
  if (++grammar_.depth_ <= limit) return;
  ok_ = grammar_.Fail(grammar_.Current().span,
                      absl::StrCat("expression is nested more than ", limit, " levels deep"));
}

Grammar::Grammar(absl::string_view text, const ParseOptions& options)
    : text_(text), options_(options), lexed_(Lex(text)) {}

const Token& Grammar::Ahead(size_t n) const {
  return lexed_.tokens[std::min(position_ + n, lexed_.tokens.size() - 1)];
}

const Token& Grammar::Take() {
  const Token& token = Current();
  previous_end_ = token.span.end;
  if (position_ + 1 < lexed_.tokens.size()) ++position_;
  return token;
}

bool Grammar::TakeIf(TokenKind kind) {
  if (!At(kind)) return false;
  Take();
  return true;
}

bool Grammar::Fail(Span span, std::string message, std::string hint) {
  if (!error_.has_value()) error_ = ParseError{span, std::move(message), std::move(hint)};
  return false;
}

bool Grammar::FailUnexpected(absl::string_view context, absl::string_view expected) {
  if (At(TokenKind::kError)) {
    if (!error_.has_value()) error_ = lexed_.error;
    return false;
  }
  std::string message = absl::StrCat("unexpected ", DescribeToken(Current()));
  if (!context.empty()) absl::StrAppend(&message, " in ", context);
  if (!expected.empty()) absl::StrAppend(&message, ", expected ", expected);
  return Fail(Current().span, std::move(message));
}

bool Grammar::Expect(TokenKind kind, absl::string_view context, absl::string_view expected) {
  return TakeIf(kind) || FailUnexpected(context, expected);
}

bool Grammar::RefuseExperimental(const Token& token, absl::string_view what) {
  return Fail(token.span, options_.experimental
                              ? absl::StrCat("not supported yet: ", what)
                              : absl::StrCat(what, " is experimental and not enabled"));
}

bool Grammar::SetHeight(size_t height, Span span) {
  height_ = height;
  return height <= options_.height_max ||
         Fail(span, absl::StrCat("expression has more than ", options_.height_max,
                                 " operators in one chain"));
}

ExprPtr Grammar::ParseWhole() {
  if (At(TokenKind::kEnd)) return Fail({0, 0}, "no expression found in input"), nullptr;
  ExprPtr expr = ParseBinary(1);
  if (expr != nullptr && !At(TokenKind::kEnd)) return FailUnexpected(), nullptr;
  return expr;
}

ExprPtr Grammar::ParseBinary(int precedence_min) {
  ExprPtr lhs = ParseUnary();
  while (lhs != nullptr) {
    const int precedence = Precedence(Current().kind);
    if (precedence == 0 || precedence < precedence_min) break;
    const size_t lhs_height = height_;
    auto binary = std::make_unique<BinaryExpr>();
    binary->op = BinaryOpOf(Current().kind);
    binary->op_span = Take().span;
    if (!ParseBinaryModifiers(*binary)) return nullptr;
    const bool right_associative = precedence == kPowPrecedence;
    if (right_associative) {
      const Nesting nesting(*this);
      if (!nesting.ok()) return nullptr;
      binary->rhs = ParseBinary(precedence);
    } else {
      binary->rhs = ParseBinary(precedence + 1);
    }
    if (binary->rhs == nullptr) return nullptr;
    binary->lhs = std::move(lhs);
    binary->span = Cover(*binary->lhs, *binary->rhs);
    if (!SetHeight(std::max(lhs_height, height_) + 1, binary->op_span)) return nullptr;
    lhs = std::move(binary);
  }
  return lhs;
}

// A sign binds weaker than `^` and stronger than `*`: -1^2 is -(1^2). In front of a literal it
// becomes part of it.
ExprPtr Grammar::ParseUnary() {
  if (!At(TokenKind::kAdd) && !At(TokenKind::kSub)) return ParsePostfix();
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token sign = Take();
  const bool negate = sign.kind == TokenKind::kSub;
  ExprPtr operand = ParseBinary(kPowPrecedence);
  if (operand == nullptr) return nullptr;
  if (operand->kind == ExprKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand);
    if (negate && !std::isnan(number.value)) number.value = -number.value;
    number.span.begin = sign.span.begin;
    return operand;
  }
  auto unary = std::make_unique<UnaryExpr>();
  unary->negate = negate;
  unary->span = {sign.span.begin, operand->span.end};
  unary->expr = std::move(operand);
  if (!SetHeight(height_ + 1, sign.span)) return nullptr;
  return unary;
}

ExprPtr Grammar::ParsePostfix() {
  ExprPtr expr = ParsePrimary();
  while (expr != nullptr) {
    if (At(TokenKind::kLeftBracket)) {
      expr = ParseBrackets(std::move(expr));
    } else if (At(TokenKind::kOffset)) {
      if (!ParseOffset(*expr)) return nullptr;
    } else if (At(TokenKind::kAt)) {
      if (!ParseAt(*expr)) return nullptr;
    } else if (At(TokenKind::kIdentifier)) {
      if (!RefuseRangeMode()) return nullptr;
      break;
    } else {
      break;
    }
  }
  return expr;
}

ExprPtr Grammar::ParsePrimary() {
  height_ = 1;
  switch (Current().kind) {
    case TokenKind::kNumber:
      return ParseNumber();
    case TokenKind::kDuration:
      return ParseDurationLiteral();
    case TokenKind::kString:
      return ParseString();
    case TokenKind::kLeftParen:
      return ParseParen();
    case TokenKind::kLeftBrace:
      return ParseVectorSelector();
    default:
      return ParseWord();
  }
}

ExprPtr Grammar::ParseNumber() {
  const Token token = Take();
  const absl::StatusOr<double> value = ParseNumberLiteral(token.text);
  if (!value.ok()) {
    return Fail(token.span, absl::StrCat("error parsing number: ", value.status().message())),
           nullptr;
  }
  auto number = std::make_unique<NumberLiteral>();
  number->value = *value;
  number->span = token.span;
  return number;
}

ExprPtr Grammar::ParseDurationLiteral() {
  const Token token = Take();
  const absl::StatusOr<absl::Duration> value = ParseDuration(token.text);
  if (!value.ok()) return Fail(token.span, std::string(value.status().message())), nullptr;
  auto number = std::make_unique<NumberLiteral>();
  number->value = static_cast<double>(absl::ToInt64Milliseconds(*value)) / 1000.0;
  number->is_duration = true;
  number->span = token.span;
  return number;
}

ExprPtr Grammar::ParseString() {
  const Token token = Take();
  auto string = std::make_unique<StringLiteral>();
  string->value = UnquoteToken(token.text);
  string->span = token.span;
  return string;
}

ExprPtr Grammar::ParseParen() {
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  auto paren = std::make_unique<ParenExpr>();
  paren->span.begin = Take().span.begin;
  paren->expr = ParseBinary(1);
  if (paren->expr == nullptr || !Expect(TokenKind::kRightParen, "", "")) return nullptr;
  paren->span.end = previous_end_;
  if (!SetHeight(height_ + 1, paren->span)) return nullptr;
  return paren;
}

ExprPtr Grammar::ParseWord() {
  const TokenKind next = Ahead().kind;
  if (At(TokenKind::kAggregate) &&
      (next == TokenKind::kLeftParen || next == TokenKind::kBy || next == TokenKind::kWithout)) {
    return ParseAggregate();
  }
  if (MayNameFunction(Current().kind) && next == TokenKind::kLeftParen) return ParseCall();
  if (MayNameMetric(Current().kind)) return ParseVectorSelector();
  return FailUnexpected(), nullptr;
}

}  // namespace tocsin::promql
