#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace tocsin::promql {

enum class TokenKind {
  kEnd,
  kError,  // the lexer stopped here; LexResult::error says why
  kNumber,
  kDuration,
  kString,
  kIdentifier,
  kMetricIdentifier,  // contains ':'
  // Punctuation.
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,
  kRegexMatch,
  kRegexNoMatch,
  kAt,
  // Operators, in the order of BinaryOp.
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
  // Words with a meaning; most may be names, too.
  kAggregate,
  kBool,
  kBy,
  kGroupLeft,
  kGroupRight,
  kIgnoring,
  kOffset,
  kOn,
  kWithout,
  kStartWord,
  kEndWord,
  kStepWord,
  kRangeWord,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  absl::string_view text;
};

// How messages name a token: `identifier "foo"`, `<by>`, `<op:+>`, `end of input`.
std::string DescribeToken(const Token& token);

struct LexResult {
  std::vector<Token> tokens;  // ends with kEnd or kError
  std::optional<ParseError> error;
};

// Cuts `text` into tokens without spaces and comments; stops at the first mistake. The tokens point
// into `text`.
LexResult Lex(absl::string_view text);

// The value of a kString token's text, quotes included. The lexer has checked its escapes.
std::string UnquoteToken(absl::string_view quoted);

// The kind of a word outside braces: a keyword in any case, "inf" and "nan" (numbers), or an
// identifier.
TokenKind WordKind(absl::string_view word);

}  // namespace tocsin::promql
