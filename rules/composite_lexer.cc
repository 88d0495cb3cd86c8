#include "rules/composite_lexer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/quote.h"

namespace tocsin::rules {
namespace {

using Kind = CompositeToken::Kind;

bool InWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  CompositeTokens Run() {
    while (!result_.error) {
      while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      }
      if (at_ == text_.size()) break;
      Next();
    }
    Add(Kind::kEnd, 0);
    return std::move(result_);
  }

 private:
  void Add(Kind kind, size_t length) {
    result_.tokens.push_back({kind, std::string(text_.substr(at_, length)), at_});
    at_ += length;
  }
  void Fail(size_t offset, std::string message, std::string hint = "") {
    result_.error = CompositeError{offset, std::move(message), std::move(hint)};
  }

  void Next() {
    const char c = text_[at_];
    if (InWord(c)) return Word();
    switch (c) {
      case '(':
        return Add(Kind::kLeftParen, 1);
      case ')':
        return Add(Kind::kRightParen, 1);
      case ',':
        return Add(Kind::kComma, 1);
      case '"':
      case '\'':
        return Quoted(c);
      case '=':
      case '!':
      case '<':
      case '>':
        return Operator();
      default:
        break;
    }
    const promql::Decoded character = promql::DecodeCodePoint(text_.substr(at_));
    Fail(at_, absl::StrCat("unexpected character ", promql::QuoteCodePoint(character.code_point)),
         "a name with anything but letters, digits, _ and - stands in quotes");
  }

  void Word() {
    size_t length = 1;
    while (at_ + length < text_.size() && InWord(text_[at_ + length])) ++length;
    Add(Kind::kWord, length);
  }

  void Operator() {
    const bool two = at_ + 1 < text_.size() && text_[at_ + 1] == '=';
    if (two || text_[at_] == '<' || text_[at_] == '>') return Add(Kind::kOperator, two ? 2 : 1);
    Fail(at_, absl::StrCat("unexpected character '", text_.substr(at_, 1), "'"),
         text_[at_] == '=' ? "levels are compared with ==" : "write not, or != with a level");
  }

  void Quoted(char quote) {
    std::string name;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        result_.tokens.push_back({Kind::kQuoted, std::move(name), at_});
        at_ = i + 1;
        return;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
      name.push_back(text_[i]);
    }
    Fail(at_, "the quoted name does not end");
  }

  const absl::string_view text_;
  size_t at_ = 0;
  CompositeTokens result_;
};

}  // namespace

CompositeTokens LexComposite(absl::string_view text) {
  return Lexer(text).Run();
}

}  // namespace tocsin::rules
