#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/composite.h"

// The words of a composite monitor's expression.
namespace tocsin::rules {

struct CompositeToken {
  enum class Kind { kWord, kQuoted, kOperator, kLeftParen, kRightParen, kComma, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;   // of a quoted name without its quotes
  size_t offset = 0;  // in bytes
};

// Ends with kEnd.
struct CompositeTokens {
  std::vector<CompositeToken> tokens;
  std::optional<CompositeError> error;
};
CompositeTokens LexComposite(absl::string_view text);

}  // namespace tocsin::rules
