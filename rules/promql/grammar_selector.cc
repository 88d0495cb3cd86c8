#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/grammar.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"
#include "rules/promql/regex.h"

namespace tocsin::promql {
namespace {

constexpr absl::string_view kMatching = "label matching";

// Where an expression keeps its modifiers: a selector itself, the selector of a range, or a
// subquery.
struct Modifiers {
  absl::Duration* offset = nullptr;
  std::optional<AtModifier>* at = nullptr;
};

std::optional<Modifiers> ModifiersOf(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector: {
      auto& selector = static_cast<VectorSelector&>(expr);
      return Modifiers{&selector.offset, &selector.at};
    }
    case ExprKind::kMatrixSelector: {
      VectorSelector& selector = *static_cast<MatrixSelector&>(expr).selector;
      return Modifiers{&selector.offset, &selector.at};
    }
    case ExprKind::kSubquery: {
      auto& subquery = static_cast<Subquery&>(expr);
      return Modifiers{&subquery.offset, &subquery.at};
    }
    default:
      return std::nullopt;
  }
}

std::string MustFollowSelector(absl::string_view modifier) {
  return absl::StrCat(modifier,
                      " modifier must be preceded by an instant vector selector or range vector "
                      "selector or a subquery");
}

bool IsRegex(MatchOp op) {
  return op == MatchOp::kRegex || op == MatchOp::kNotRegex;
}

}  // namespace

std::unique_ptr<VectorSelector> Grammar::ParseWholeSelector() {
  // Any word will do: a series needs no expression's rules to tell names from operators.
  const absl::string_view first = Current().text.substr(0, 1);
  const bool named = At(TokenKind::kLeftBrace) || At(TokenKind::kMetricIdentifier) ||
                     first == "_" ||
                     (!first.empty() && absl::ascii_isalpha(static_cast<unsigned char>(first[0])));
  if (!named) return FailUnexpected("series", "metric name or \"{\""), nullptr;
  std::unique_ptr<VectorSelector> selector = ParseVectorSelector();
  if (selector != nullptr && !At(TokenKind::kEnd)) return FailUnexpected("series"), nullptr;
  return selector;
}

// At a word or "{".
std::unique_ptr<VectorSelector> Grammar::ParseVectorSelector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->type = ValueType::kVector;
  selector->span.begin = Current().span.begin;
  if (!At(TokenKind::kLeftBrace)) {
    const Token name = Take();
    if (!SetMetric(*selector, std::string(name.text), name.span)) return nullptr;
  }
  if (At(TokenKind::kLeftBrace) && !ParseMatchers(*selector)) return nullptr;
  selector->span.end = previous_end_;
  for (size_t i = 1; i < selector->matchers.size() && !selector->metric.empty(); ++i) {
    const Matcher& matcher = selector->matchers[i];
    if (matcher.name != "__name__") continue;
    Fail(selector->span, absl::StrCat("metric name must not be set twice: ",
                                      Quote(selector->metric), " or ", Quote(matcher.value)));
    return nullptr;
  }
  return selector;
}

// "{" [matcher {"," matcher} [","]] "}"
bool Grammar::ParseMatchers(VectorSelector& selector) {
  Take();
  while (!At(TokenKind::kRightBrace)) {
    if (!ParseMatcher(selector)) return false;
    if (At(TokenKind::kRightBrace)) break;
    if (!Expect(TokenKind::kComma, kMatching, "\",\" or \"}\"")) return false;
  }
  Take();
  return true;
}

// name op "value", or the metric's name in quotes.
bool Grammar::ParseMatcher(VectorSelector& selector) {
  if (!At(TokenKind::kIdentifier) && !At(TokenKind::kString)) {
    return FailUnexpected(kMatching, "identifier or \"}\"");
  }
  const Token name = Take();
  const bool quoted = name.kind == TokenKind::kString;
  Matcher matcher;
  matcher.name = quoted ? UnquoteToken(name.text) : std::string(name.text);
  if (quoted && (At(TokenKind::kComma) || At(TokenKind::kRightBrace))) {
    return SetMetric(selector, matcher.name, name.span);
  }
  if (matcher.name.empty()) return Fail(name.span, "label name must not be empty");
  if (!ParseMatcherOperator(matcher.op)) return false;
  if (!At(TokenKind::kString)) return FailUnexpected(kMatching, "string");
  matcher.value = UnquoteToken(Take().text);
  matcher.span = {name.span.begin, previous_end_};
  if (IsRegex(matcher.op)) {
    const auto regex = CompileRegex(matcher.value);
    if (!regex.ok()) return Fail(matcher.span, std::string(regex.status().message()));
  }
  selector.matchers.push_back(std::move(matcher));
  return true;
}

// The name's matcher comes first, wherever the name is written.
bool Grammar::SetMetric(VectorSelector& selector, const std::string& metric, Span name_span) {
  if (metric.empty()) return Fail(name_span, "metric name must not be empty");
  if (!selector.metric.empty()) {
    return Fail({selector.span.begin, name_span.end},
                absl::StrCat("metric name must not be set twice: ", Quote(selector.metric), " or ",
                             Quote(metric)));
  }
  selector.metric = metric;
  selector.matchers.insert(selector.matchers.begin(),
                           Matcher{MatchOp::kEqual, "__name__", metric, name_span});
  return true;
}

bool Grammar::ParseMatcherOperator(MatchOp& op) {
  switch (Current().kind) {
    case TokenKind::kAssign:
      op = MatchOp::kEqual;
      break;
    case TokenKind::kNeq:
      op = MatchOp::kNotEqual;
      break;
    case TokenKind::kRegexMatch:
      op = MatchOp::kRegex;
      break;
    case TokenKind::kRegexNoMatch:
      op = MatchOp::kNotRegex;
      break;
    default:
      return FailUnexpected(kMatching, "label matching operator");
  }
  Take();
  return true;
}

// "[" range "]" or "[" range ":" [step] "]"
ExprPtr Grammar::ParseBrackets(ExprPtr expr) {
  const size_t begin = Take().span.begin;
  const std::optional<absl::Duration> range = ParsePositiveDuration("subquery or range selector");
  if (!range.has_value()) return nullptr;
  if (TakeIf(TokenKind::kRightBracket)) {
    return MakeMatrix(std::move(expr), *range, {begin, previous_end_});
  }
  if (!Expect(TokenKind::kColon, "subquery or range", "\":\" or \"]\"")) return nullptr;
  return MakeSubquery(std::move(expr), *range);
}

ExprPtr Grammar::MakeMatrix(ExprPtr expr, absl::Duration range, Span brackets) {
  if (expr->kind != ExprKind::kVectorSelector) {
    return Fail(brackets, "ranges only allowed for vector selectors"), nullptr;
  }
  auto matrix = std::make_unique<MatrixSelector>();
  matrix->selector.reset(static_cast<VectorSelector*>(expr.release()));
  const VectorSelector& selector = *matrix->selector;
  if (selector.offset != absl::ZeroDuration()) {
    return Fail(brackets, "no offset modifiers allowed before range"), nullptr;
  }
  if (selector.at.has_value()) {
    return Fail(brackets, "no @ modifiers allowed before range"), nullptr;
  }
  matrix->type = ValueType::kMatrix;
  matrix->range = range;
  matrix->span = {selector.span.begin, brackets.end};
  return matrix;
}

ExprPtr Grammar::MakeSubquery(ExprPtr expr, absl::Duration range) {
  auto subquery = std::make_unique<Subquery>();
  subquery->type = ValueType::kMatrix;
  subquery->span.begin = expr->span.begin;
  subquery->range = range;
  const size_t height = height_ + 1;
  if (!At(TokenKind::kRightBracket)) {
    subquery->step = ParsePositiveDuration("subquery selector");
    if (!subquery->step.has_value()) return nullptr;
  }
  if (!Expect(TokenKind::kRightBracket, "subquery selector", "\"]\"")) return nullptr;
  subquery->span.end = previous_end_;
  subquery->expr = std::move(expr);
  if (!SetHeight(height, subquery->span)) return nullptr;
  return subquery;
}

bool Grammar::ParseOffset(Expr& expr) {
  Take();
  const std::optional<absl::Duration> offset = ParseOffsetDuration();
  if (!offset.has_value()) return false;
  const std::optional<Modifiers> modifiers = ModifiersOf(expr);
  if (!modifiers.has_value()) return Fail(expr.span, MustFollowSelector("offset"));
  if (*modifiers->offset != absl::ZeroDuration()) {
    return Fail(expr.span, "offset may not be set multiple times");
  }
  *modifiers->offset = *offset;
  expr.span.end = previous_end_;
  return true;
}

bool Grammar::ParseAt(Expr& expr) {
  Take();
  AtModifier at;
  if (At(TokenKind::kStartWord) || At(TokenKind::kEndWord)) {
    at.kind =
        Take().kind == TokenKind::kStartWord ? AtModifier::Kind::kStart : AtModifier::Kind::kEnd;
    if (!Expect(TokenKind::kLeftParen, "@", "\"(\"")) return false;
    if (!Expect(TokenKind::kRightParen, "@", "\")\"")) return false;
  } else if (!ParseAtTime(at, expr.span)) {
    return false;
  }
  const std::optional<Modifiers> modifiers = ModifiersOf(expr);
  if (!modifiers.has_value()) return Fail(expr.span, MustFollowSelector("@"));
  if (modifiers->at->has_value()) {
    return Fail(expr.span, "@ <timestamp> may not be set multiple times");
  }
  *modifiers->at = at;
  expr.span.end = previous_end_;
  return true;
}

bool Grammar::ParseAtTime(AtModifier& at, Span whole) {
  const bool negative = At(TokenKind::kSub);
  if (negative || At(TokenKind::kAdd)) Take();
  if (!At(TokenKind::kNumber) && !At(TokenKind::kDuration)) {
    return FailUnexpected("@", "timestamp");
  }
  const std::optional<double> value = ParseDurationTerm("@");
  if (!value.has_value()) return false;
  const double seconds = negative ? -*value : *value;
  const double millis = std::round(seconds * 1000.0);
  constexpr double kLimit = 9223372036854775807.0;  // 2^63
  if (!(millis > -kLimit && millis < kLimit)) {
    return Fail(whole,
                absl::StrCat("timestamp out of bounds for @ modifier: ", FormatNumber(seconds)));
  }
  at.time = Timestamp::FromMillis(static_cast<int64_t>(millis));
  return true;
}

// `anchored` and `smoothed` behind a selector. True: the identifier here is neither.
bool Grammar::RefuseRangeMode() {
  for (const absl::string_view word : {"anchored", "smoothed"}) {
    if (absl::EqualsIgnoreCase(Current().text, word)) {
      return RefuseExperimental(Current(), absl::StrCat(word, " modifier"));
    }
  }
  return true;
}

}  // namespace tocsin::promql
