#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::templates {

enum class TokenKind {
  kText,        // outside actions, trimmed as asked
  kOpen,        // {{
  kClose,       // }}
  kSpace,       // separates arguments
  kIdentifier,  // functions, keywords, true, false, nil
  kField,       // .name
  kDot,         // .
  kVariable,    // $ or $name
  kString,      // text: unquoted
  kNumber,      // text: as written
  kChar,        // text: as written
  kDeclare,     // :=
  kAssign,      // =
  kPipe,
  kLeftParen,
  kRightParen,
  kComma,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // names without "." and "$"
  size_t offset = 0;
};

// Go's text/template lexer: the whole text at once. InvalidArgument "line:column: message".
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text);

}  // namespace tocsin::templates
