#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/lexer.h"
#include "rules/promql/quote.h"

namespace tocsin::promql {
namespace {

struct Word {
  absl::string_view text;
  TokenKind kind;
};

constexpr std::array<Word, 32> kWords = {{
    {"and", TokenKind::kAnd},
    {"or", TokenKind::kOr},
    {"unless", TokenKind::kUnless},
    {"atan2", TokenKind::kAtan2},
    {"sum", TokenKind::kAggregate},
    {"avg", TokenKind::kAggregate},
    {"count", TokenKind::kAggregate},
    {"min", TokenKind::kAggregate},
    {"max", TokenKind::kAggregate},
    {"group", TokenKind::kAggregate},
    {"stddev", TokenKind::kAggregate},
    {"stdvar", TokenKind::kAggregate},
    {"topk", TokenKind::kAggregate},
    {"bottomk", TokenKind::kAggregate},
    {"count_values", TokenKind::kAggregate},
    {"quantile", TokenKind::kAggregate},
    {"limitk", TokenKind::kAggregate},
    {"limit_ratio", TokenKind::kAggregate},
    {"offset", TokenKind::kOffset},
    {"by", TokenKind::kBy},
    {"without", TokenKind::kWithout},
    {"on", TokenKind::kOn},
    {"ignoring", TokenKind::kIgnoring},
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"bool", TokenKind::kBool},
    {"start", TokenKind::kStartWord},
    {"end", TokenKind::kEndWord},
    {"step", TokenKind::kStepWord},
    {"range", TokenKind::kRangeWord},
    {"inf", TokenKind::kNumber},
    {"nan", TokenKind::kNumber},
}};

// As much of a token's text as a message shows.
std::string Shown(absl::string_view text) {
  constexpr size_t kCharactersMax = 10;
  size_t end = 0;
  for (size_t n = 0; n < kCharactersMax && end < text.size(); ++n) {
    end += DecodeCodePoint(text.substr(end)).bytes;
  }
  return absl::StrCat(Quote(text.substr(0, end)), end < text.size() ? "..." : "");
}

}  // namespace

TokenKind WordKind(absl::string_view word) {
  for (const Word& w : kWords) {
    if (absl::EqualsIgnoreCase(word, w.text)) return w.kind;
  }
  return TokenKind::kIdentifier;
}

std::string DescribeToken(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
    case TokenKind::kError:
      return "end of input";
    case TokenKind::kNumber:
      return absl::StrCat("number ", Shown(token.text));
    case TokenKind::kDuration:
      return absl::StrCat("duration ", Shown(token.text));
    case TokenKind::kString:
      return absl::StrCat("string ", Shown(token.text));
    case TokenKind::kIdentifier:
      return absl::StrCat("identifier ", Quote(token.text));
    case TokenKind::kMetricIdentifier:
      return absl::StrCat("metric identifier ", Quote(token.text));
    case TokenKind::kAggregate:
      return absl::StrCat("<aggr:", token.text, ">");
    default:
      break;
  }
  if (token.kind >= TokenKind::kAdd && token.kind <= TokenKind::kUnless) {
    return absl::StrCat("<op:", token.text, ">");
  }
  if (token.kind > TokenKind::kUnless) return absl::StrCat("<", token.text, ">");
  return Quote(token.text);
}

}  // namespace tocsin::promql
