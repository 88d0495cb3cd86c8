#include "rules/templates/lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/error.h"

namespace tocsin::templates {
namespace {

constexpr char kSpaces[] = " \t\r\n";

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool IsNameChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    bool trim_left = false;
    while (at_ < text_.size()) {
      const size_t open = std::min(text_.find("{{", at_), text_.size());
      AddText(open, trim_left);
      at_ = open;
      trim_left = false;
      if (at_ < text_.size()) {
        TOCSIN_ASSIGN_OR_RETURN(trim_left, ReadAction());
      }
    }
    Add(TokenKind::kEnd, text_.size());
    return std::move(tokens_);
  }

 private:
  void Add(TokenKind kind, size_t offset, absl::string_view text = "") {
    tokens_.push_back({kind, std::string(text), offset});
  }
  absl::Status Error(size_t offset, absl::string_view message) const {
    return ErrorAt(text_, offset, message);
  }
  absl::string_view Rest() const { return text_.substr(at_); }

  // "- " after the opening delimiter.
  bool OpensWithTrim(size_t open) const {
    return open + 3 < text_.size() && text_[open + 2] == '-' && IsSpace(text_[open + 3]);
  }
  // " -}}" closes and trims; the lexer stands at the white space.
  bool ClosesWithTrim() const {
    return Rest().size() >= 4 && IsSpace(Rest()[0]) && absl::StartsWith(Rest().substr(1), "-}}");
  }

  void AddText(size_t end, bool trim_left) {
    absl::string_view text = text_.substr(at_, end - at_);
    size_t offset = at_;
    if (trim_left) {
      const size_t kept = std::min(text.find_first_not_of(kSpaces), text.size());
      text.remove_prefix(kept);
      offset += kept;
    }
    if (end < text_.size() && OpensWithTrim(end)) {
      const size_t last = text.find_last_not_of(kSpaces);
      text = text.substr(0, last == absl::string_view::npos ? 0 : last + 1);
    }
    if (!text.empty()) Add(TokenKind::kText, offset, text);
  }

  // One action or comment; gives whether the text behind it is to be trimmed.
  absl::StatusOr<bool> ReadAction() {
    const size_t open = at_;
    at_ += OpensWithTrim(open) ? 3 : 2;
    const size_t word = std::min(text_.find_first_not_of(kSpaces, at_), text_.size());
    if (absl::StartsWith(text_.substr(at_), "/*") ||
        (OpensWithTrim(open) && absl::StartsWith(text_.substr(word), "/*"))) {
      return ReadComment(open);
    }
    Add(TokenKind::kOpen, open);
    int parens = 0;
    while (true) {
      if (at_ >= text_.size()) return Error(open, "unclosed action");
      if (ClosesWithTrim()) {
        if (parens > 0) return Error(at_, "unclosed left paren");
        Add(TokenKind::kClose, at_ + 1);
        at_ += 4;
        return true;
      }
      if (absl::StartsWith(Rest(), "}}")) {
        if (parens > 0) return Error(at_, "unclosed left paren");
        Add(TokenKind::kClose, at_);
        at_ += 2;
        return false;
      }
      if (Rest()[0] == '(') ++parens;
      if (Rest()[0] == ')' && --parens < 0) return Error(at_, "unexpected right paren");
      TOCSIN_RETURN_IF_ERROR(ReadToken());
    }
  }

  absl::StatusOr<bool> ReadComment(size_t open) {
    const size_t end = text_.find("*/", text_.find("/*", at_) + 2);
    if (end == absl::string_view::npos) return Error(open, "unclosed comment");
    at_ = end + 2;
    if (ClosesWithTrim()) {
      at_ += 4;
      return true;
    }
    if (!absl::StartsWith(Rest(), "}}")) {
      return Error(at_, "comment ends before closing delimiter");
    }
    at_ += 2;
    return false;
  }

  absl::Status ReadToken() {
    const size_t start = at_;
    const char c = text_[at_];
    if (IsSpace(c)) return ReadSpace();
    if (c == '"' || c == '`') return ReadString(c);
    if (c == '\'') return ReadChar();
    if (c == '$') return ReadName(TokenKind::kVariable, 1);
    if (c == '.' && !(at_ + 1 < text_.size() && absl::ascii_isdigit(text_[at_ + 1]))) {
      const bool named = at_ + 1 < text_.size() && IsNameChar(text_[at_ + 1]);
      return ReadName(named ? TokenKind::kField : TokenKind::kDot, 1);
    }
    if (absl::ascii_isdigit(c) || c == '+' || c == '-' || c == '.') return ReadNumber();
    if (IsNameChar(c)) return ReadName(TokenKind::kIdentifier, 0);
    if (absl::StartsWith(Rest(), ":=")) return ReadSymbol(TokenKind::kDeclare, 2);
    switch (c) {
      case '=':
        return ReadSymbol(TokenKind::kAssign, 1);
      case '|':
        return ReadSymbol(TokenKind::kPipe, 1);
      case '(':
        return ReadSymbol(TokenKind::kLeftParen, 1);
      case ')':
        return ReadSymbol(TokenKind::kRightParen, 1);
      case ',':
        return ReadSymbol(TokenKind::kComma, 1);
      default:
        break;
    }
    return Error(start, absl::StrCat("unexpected \"", std::string(1, c), "\" in action"));
  }

  absl::Status ReadSpace() {
    const size_t start = at_;
    while (at_ < text_.size() && IsSpace(text_[at_]) && !ClosesWithTrim()) ++at_;
    if (at_ > start) Add(TokenKind::kSpace, start);
    return absl::OkStatus();
  }

  absl::Status ReadSymbol(TokenKind kind, size_t length) {
    Add(kind, at_, text_.substr(at_, length));
    at_ += length;
    return absl::OkStatus();
  }

  absl::Status ReadName(TokenKind kind, size_t prefix) {
    const size_t start = at_;
    at_ += prefix;
    while (kind != TokenKind::kDot && at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    Add(kind, start, text_.substr(start + prefix, at_ - start - prefix));
    return absl::OkStatus();
  }

  absl::Status ReadNumber() {
    const size_t start = at_;
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const char previous = absl::ascii_tolower(text_[at_ - 1]);
      const bool sign = (c == '+' || c == '-') && (previous == 'e' || previous == 'p');
      if (!IsNameChar(c) && c != '.' && !sign) break;
      ++at_;
    }
    Add(TokenKind::kNumber, start, text_.substr(start, at_ - start));
    return absl::OkStatus();
  }

  absl::Status ReadChar() {
    const size_t start = at_;
    const size_t end = text_.find('\'', start + (text_.substr(start + 1, 1) == "\\" ? 3 : 2));
    if (end == absl::string_view::npos || end - start > 12) {
      return Error(start, "unterminated character constant");
    }
    at_ = end + 1;
    Add(TokenKind::kChar, start, text_.substr(start, at_ - start));
    return absl::OkStatus();
  }

  absl::Status ReadString(char quote) {
    const size_t start = at_++;
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (quote == '"' && text_[at_] == '\n') break;
      at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= text_.size() || text_[at_] != quote) {
      return Error(start,
                   quote == '"' ? "unterminated quoted string" : "unterminated raw quoted string");
    }
    const absl::string_view body = text_.substr(begin, at_ - begin);
    ++at_;
    if (quote == '`') {
      Add(TokenKind::kString, start, body);
      return absl::OkStatus();
    }
    std::string unquoted;
    std::string why;
    if (!absl::CUnescape(body, &unquoted, &why)) {
      return Error(start, absl::StrCat("bad escape in string: ", why));
    }
    Add(TokenKind::kString, start, unquoted);
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text) {
  return Lexer(text).Run();
}

}  // namespace tocsin::templates
