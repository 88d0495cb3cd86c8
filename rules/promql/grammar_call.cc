#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "rules/promql/functions.h"
#include "rules/promql/grammar.h"
#include "rules/promql/hints.h"
#include "rules/promql/quote.h"

namespace tocsin::promql {
namespace {

std::optional<AggregateOp> AggregateOpOf(absl::string_view word) {
  for (int i = 0; i <= static_cast<int>(AggregateOp::kLimitRatio); ++i) {
    const auto op = static_cast<AggregateOp>(i);
    if (absl::EqualsIgnoreCase(word, AggregateOpName(op))) return op;
  }
  return std::nullopt;
}

bool TakesParameter(AggregateOp op) {
  return op >= AggregateOp::kTopk;
}

// Every word but a number may be a label's name in a list.
bool MayNameLabel(TokenKind kind) {
  return kind == TokenKind::kIdentifier || kind == TokenKind::kMetricIdentifier ||
         kind == TokenKind::kAnd || kind == TokenKind::kOr || kind == TokenKind::kUnless ||
         kind == TokenKind::kAtan2 || kind >= TokenKind::kAggregate;
}

}  // namespace

ExprPtr Grammar::ParseAggregate() {
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token word = Take();
  const std::optional<AggregateOp> op = AggregateOpOf(word.text);
  TOCSIN_CHECK(op.has_value()) << "aggregation " << std::string(word.text);
  auto aggregate = std::make_unique<AggregateExpr>();
  aggregate->op = *op;
  const bool modifier_first = !At(TokenKind::kLeftParen);
  if (modifier_first && !ParseAggregateModifier(*aggregate)) return nullptr;
  if (!At(TokenKind::kLeftParen)) return FailUnexpected("aggregation"), nullptr;
  std::vector<ExprPtr> args;
  if (!ParseArguments(args, "aggregation")) return nullptr;
  if (!modifier_first && (At(TokenKind::kBy) || At(TokenKind::kWithout)) &&
      !ParseAggregateModifier(*aggregate)) {
    return nullptr;
  }
  aggregate->span = {word.span.begin, previous_end_};
  if (*op >= AggregateOp::kLimitk && !options_.experimental) {
    return RefuseExperimental(word, absl::StrCat(AggregateOpName(*op), "()")), nullptr;
  }
  if (args.empty()) {
    return Fail(aggregate->span, "no arguments for aggregate expression provided"), nullptr;
  }
  const size_t wanted = TakesParameter(*op) ? 2 : 1;
  if (args.size() != wanted) {
    return Fail(aggregate->span,
                absl::StrCat(
                    "wrong number of arguments for aggregate expression provided, expected ",
                    wanted, ", got ", args.size())),
           nullptr;
  }
  if (wanted == 2) aggregate->param = std::move(args.front());
  aggregate->expr = std::move(args.back());
  return aggregate;
}

bool Grammar::ParseAggregateModifier(AggregateExpr& aggregate) {
  aggregate.without = Take().kind == TokenKind::kWithout;
  return ParseGrouping(aggregate.grouping);
}

ExprPtr Grammar::ParseCall() {
  const Nesting nesting(*this);
  if (!nesting.ok()) return nullptr;
  const Token name = Take();
  auto call = std::make_unique<CallExpr>();
  call->function = FindFunction(name.text);
  if (call->function == nullptr) {
    Fail(name.span, absl::StrCat("unknown function with name ", Quote(name.text)),
         FunctionHint(name.text));
    return nullptr;
  }
  if (call->function->experimental && !options_.experimental) {
    Fail(name.span, absl::StrCat("function ", Quote(name.text), " is not enabled"),
         "it is experimental");
    return nullptr;
  }
  if (!ParseArguments(call->args, "")) return nullptr;
  call->span = {name.span.begin, previous_end_};
  return call;
}

// "(" [expression {"," expression}] ")". Sets height_ to the caller's.
bool Grammar::ParseArguments(std::vector<ExprPtr>& args, absl::string_view context) {
  const Span open = Take().span;
  size_t height = 0;
  while (!At(TokenKind::kRightParen)) {
    ExprPtr arg = ParseBinary(1);
    if (arg == nullptr) return false;
    args.push_back(std::move(arg));
    height = std::max(height, height_);
    if (!At(TokenKind::kComma)) break;
    const Span comma = Take().span;
    if (At(TokenKind::kRightParen)) {
      return Fail(comma, "trailing commas not allowed in function call args");
    }
  }
  return Expect(TokenKind::kRightParen, context, "") && SetHeight(height + 1, open);
}

// "(" [label {"," label} [","]] ")"
bool Grammar::ParseGrouping(std::vector<std::string>& labels) {
  constexpr absl::string_view kContext = "grouping opts";
  if (!Expect(TokenKind::kLeftParen, kContext, "\"(\"")) return false;
  while (!At(TokenKind::kRightParen)) {
    if (At(TokenKind::kString)) {
      labels.push_back(UnquoteToken(Take().text));
    } else if (MayNameLabel(Current().kind)) {
      labels.emplace_back(Take().text);
    } else {
      return FailUnexpected(kContext, "label");
    }
    if (!At(TokenKind::kRightParen) && !Expect(TokenKind::kComma, kContext, "\",\" or \")\"")) {
      return false;
    }
  }
  Take();
  return true;
}

bool Grammar::ParseBinaryModifiers(BinaryExpr& binary) {
  binary.return_bool = TakeIf(TokenKind::kBool);
  if (At(TokenKind::kOn) || At(TokenKind::kIgnoring)) {
    VectorMatching matching;
    if (!ParseMatching(matching)) return false;
    binary.matching = std::move(matching);
  }
  return RefuseFill();
}

bool Grammar::ParseMatching(VectorMatching& matching) {
  matching.on = Take().kind == TokenKind::kOn;
  if (!ParseGrouping(matching.labels)) return false;
  if (!At(TokenKind::kGroupLeft) && !At(TokenKind::kGroupRight)) return true;
  matching.cardinality =
      Take().kind == TokenKind::kGroupLeft ? Cardinality::kManyToOne : Cardinality::kOneToMany;
  return !At(TokenKind::kLeftParen) || ParseGrouping(matching.include);
}

// fill(..), fill_left(..), fill_right(..) between an operator and its right side.
bool Grammar::RefuseFill() {
  if (!At(TokenKind::kIdentifier) || Ahead().kind != TokenKind::kLeftParen) return true;
  for (const absl::string_view word : {"fill", "fill_left", "fill_right"}) {
    if (absl::EqualsIgnoreCase(Current().text, word)) {
      return RefuseExperimental(Current(), absl::StrCat(word, " modifier"));
    }
  }
  return true;
}

}  // namespace tocsin::promql
