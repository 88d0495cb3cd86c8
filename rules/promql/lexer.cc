#include "rules/promql/lexer.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/escape.h"
#include "rules/promql/quote.h"

namespace tocsin::promql {
namespace {

bool IsWordStart(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
}
bool IsWordPart(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// "U+007A 'z'".
std::string NameCodePoint(char32_t c) {
  const std::string hex = absl::StrCat(absl::Hex(static_cast<uint32_t>(c), absl::kZeroPad4));
  return absl::StrCat("U+", absl::AsciiStrToUpper(hex), " ", QuoteCodePoint(c));
}

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  LexResult Run() {
    while (!result_.error.has_value()) {
      SkipSpaceAndComments();
      start_ = pos_;
      if (pos_ == text_.size()) {
        LexEnd();
        break;
      }
      in_braces_ ? LexInBraces() : LexStatement();
    }
    if (result_.error.has_value()) {
      result_.tokens.push_back({TokenKind::kError, result_.error->span, {}});
    }
    return std::move(result_);
  }

 private:
  // 0 beyond the end; a zero byte in the text is refused where it stands.
  char Peek(size_t ahead = 0) const {
    return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0';
  }
  bool Accept(absl::string_view set) {
    if (pos_ >= text_.size() || !absl::StrContains(set, text_[pos_])) return false;
    ++pos_;
    return true;
  }
  void AcceptAll(absl::string_view set) {
    while (Accept(set)) {
    }
  }

  void Emit(TokenKind kind) {
    result_.tokens.push_back({kind, {start_, pos_}, text_.substr(start_, pos_ - start_)});
  }
  void Emit(TokenKind kind, size_t bytes) {
    pos_ += bytes;
    Emit(kind);
  }
  void Fail(Span span, std::string message, std::string hint = "") {
    result_.error = ParseError{span, std::move(message), std::move(hint)};
  }
  void FailHere(absl::string_view what) {
    const Decoded c = DecodeCodePoint(text_.substr(pos_));
    Fail({start_, pos_ + c.bytes}, absl::StrCat(what, QuoteCodePoint(c.code_point)));
  }

  void SkipSpaceAndComments() {
    while (pos_ < text_.size()) {
      if (IsSpace(text_[pos_])) {
        ++pos_;
      } else if (text_[pos_] == '#') {
        while (pos_ < text_.size() && text_[pos_] != '\n' && text_[pos_] != '\r') ++pos_;
      } else {
        return;
      }
    }
  }

  void LexEnd() {
    const Span end{text_.size(), text_.size()};
    if (in_braces_) return Fail(end, "unexpected end of input inside braces");
    if (!parens_.empty()) return Fail(end, "unclosed left parenthesis", OpenedAt(parens_.back()));
    if (in_brackets_) return Fail(end, "unclosed left bracket");
    Emit(TokenKind::kEnd);
  }

  std::string OpenedAt(size_t offset) const {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < offset; ++i) {
      column = text_[i] == '\n' ? 1 : column + ((text_[i] & 0xC0) != 0x80);
      line += text_[i] == '\n';
    }
    return absl::StrCat("opened at ", line, ":", column);
  }

  void LexInBraces() {
    const char c = Peek();
    if (IsWordStart(c)) {
      while (pos_ < text_.size() && IsWordPart(text_[pos_])) ++pos_;
      return Emit(TokenKind::kIdentifier);
    }
    switch (c) {
      case ',':
        return Emit(TokenKind::kComma, 1);
      case '"':
      case '\'':
        return LexString(c);
      case '`':
        return LexRawString();
      case '=':
        return Peek(1) == '~' ? Emit(TokenKind::kRegexMatch, 2) : Emit(TokenKind::kAssign, 1);
      case '!':
        if (Peek(1) == '~') return Emit(TokenKind::kRegexNoMatch, 2);
        if (Peek(1) == '=') return Emit(TokenKind::kNeq, 2);
        return FailAfterBang();
      case '}':
        in_braces_ = false;
        return Emit(TokenKind::kRightBrace, 1);
      default:
        return FailHere("unexpected character inside braces: ");
    }
  }

  void FailAfterBang() {
    ++pos_;
    if (pos_ == text_.size()) return Fail({start_, pos_}, "unexpected end of input after '!'");
    FailHere("unexpected character after '!': ");
  }

  void LexStatement() {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return LexNumberOrDuration();
    if (IsWordStart(c) || (c == ':' && !in_brackets_)) return LexWord();
    if (c == '"' || c == '\'') return LexString(c);
    if (c == '`') return LexRawString();
    if (!LexOperator(c) && !LexBracket(c)) FailHere("unexpected character: ");
  }

  bool LexOperator(char c) {
    switch (c) {
      case ',':
        return Emit(TokenKind::kComma, 1), true;
      case '+':
        return Emit(TokenKind::kAdd, 1), true;
      case '-':
        return Emit(TokenKind::kSub, 1), true;
      case '*':
        return Emit(TokenKind::kMul, 1), true;
      case '/':
        return Emit(TokenKind::kDiv, 1), true;
      case '%':
        return Emit(TokenKind::kMod, 1), true;
      case '^':
        return Emit(TokenKind::kPow, 1), true;
      case '@':
        return Emit(TokenKind::kAt, 1), true;
      case '<':
        if (Peek(1) == '/') return Emit(TokenKind::kTrimUpper, 2), true;
        return Peek(1) == '=' ? Emit(TokenKind::kLte, 2) : Emit(TokenKind::kLss, 1), true;
      case '>':
        if (Peek(1) == '/') return Emit(TokenKind::kTrimLower, 2), true;
        return Peek(1) == '=' ? Emit(TokenKind::kGte, 2) : Emit(TokenKind::kGtr, 1), true;
      case '=':
        return LexEquals(), true;
      case '!':
        return Peek(1) == '=' ? Emit(TokenKind::kNeq, 2) : FailAfterBang(), true;
      default:
        return false;
    }
  }

  void LexEquals() {
    if (Peek(1) == '=') return Emit(TokenKind::kEql, 2);
    if (Peek(1) != '~') return Emit(TokenKind::kAssign, 1);
    ++pos_;
    FailHere("unexpected character after '=': ");
  }

  bool LexBracket(char c) {
    switch (c) {
      case '(':
        parens_.push_back(pos_);
        return Emit(TokenKind::kLeftParen, 1), true;
      case ')':
        if (parens_.empty()) return FailHere("unexpected right parenthesis "), true;
        parens_.pop_back();
        return Emit(TokenKind::kRightParen, 1), true;
      case '{':
        in_braces_ = true;
        return Emit(TokenKind::kLeftBrace, 1), true;
      case '[':
        if (in_brackets_) return FailHere("unexpected left bracket "), true;
        in_brackets_ = true;
        colon_seen_ = false;
        return Emit(TokenKind::kLeftBracket, 1), true;
      case ']':
        if (!in_brackets_) return FailHere("unexpected right bracket "), true;
        in_brackets_ = false;
        return Emit(TokenKind::kRightBracket, 1), true;
      case ':':  // only in brackets: elsewhere it starts a name
        if (colon_seen_) return FailHere("unexpected colon "), true;
        colon_seen_ = true;
        return Emit(TokenKind::kColon, 1), true;
      default:
        return false;
    }
  }

  void LexWord() {
    while (pos_ < text_.size() &&
           (IsWordPart(text_[pos_]) || (text_[pos_] == ':' && !in_brackets_))) {
      ++pos_;
    }
    const absl::string_view word = text_.substr(start_, pos_ - start_);
    Emit(absl::StrContains(word, ':') ? TokenKind::kMetricIdentifier : WordKind(word));
  }

  void LexNumberOrDuration() {
    ScanNumber();
    if (!IsWordPart(Peek())) return Emit(TokenKind::kNumber);
    if (ScanDurationUnits()) return Emit(TokenKind::kDuration);
    const absl::string_view shown = text_.substr(start_, pos_ - start_);
    Fail({start_, pos_}, absl::StrCat("bad number or duration syntax: ", Quote(shown)));
  }

  void ScanNumber() {
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
      pos_ += 2;
      return AcceptAll("0123456789abcdefABCDEF_");
    }
    AcceptAll("0123456789_");
    if (Accept(".")) AcceptAll("0123456789_");
    if (Accept("eE")) {
      Accept("+-");
      AcceptAll("0123456789_");
    }
  }

  // The letters after a number and any further "<digits><unit>". Order and spelling of the units
  // are checked when the duration's value is computed.
  bool ScanDurationUnits() {
    if (!Accept("smhdwy")) return false;
    Accept("s");
    while (IsDigit(Peek())) {
      AcceptAll("0123456789");
      if (!Accept("smhdw")) return false;
      Accept("s");
    }
    if (!IsWordPart(Peek())) return true;
    ++pos_;
    return false;
  }

  void LexString(char quote) {
    ++pos_;
    while (pos_ < text_.size() && text_[pos_] != '\n') {
      const char c = text_[pos_++];
      if (c == quote) return Emit(TokenKind::kString);
      if (c == '\\' && !ScanEscape(quote)) return;
    }
    Fail({start_, pos_}, "unterminated quoted string");
  }

  void LexRawString() {
    const size_t end = text_.find('`', pos_ + 1);
    pos_ = end == absl::string_view::npos ? text_.size() : end + 1;
    if (end == absl::string_view::npos) return Fail({start_, pos_}, "unterminated raw string");
    Emit(TokenKind::kString);
  }

  // After the backslash. False: refused.
  bool ScanEscape(char quote) {
    if (pos_ == text_.size()) return Fail({start_, pos_}, "escape sequence not terminated"), false;
    const char c = text_[pos_];
    if (c == quote || PlainEscape(c) != 0) return ++pos_, true;
    const NumericEscape escape = NumericEscapeOf(c);
    if (escape.digits == 0) {
      const Decoded bad = DecodeCodePoint(text_.substr(pos_));
      Fail({pos_ - 1, pos_ + bad.bytes},
           absl::StrCat("unknown escape sequence ", NameCodePoint(bad.code_point)));
      return false;
    }
    const size_t escape_start = pos_ - 1;
    if (escape.base == 16) ++pos_;
    return ScanEscapeDigits(escape, escape_start);
  }

  bool ScanEscapeDigits(const NumericEscape& escape, size_t escape_start) {
    uint64_t value = 0;
    for (size_t i = 0; i < escape.digits; ++i, ++pos_) {
      if (pos_ == text_.size())
        return Fail({start_, pos_}, "escape sequence not terminated"), false;
      const auto digit = static_cast<unsigned>(DigitValue(text_[pos_]));
      if (digit >= escape.base) {
        const Decoded bad = DecodeCodePoint(text_.substr(pos_));
        Fail({escape_start, pos_ + bad.bytes},
             absl::StrCat("illegal character ", NameCodePoint(bad.code_point),
                          " in escape sequence"));
        return false;
      }
      value = value * escape.base + digit;
    }
    if (value > escape.max || (value >= 0xD800 && value < 0xE000)) {
      Fail({escape_start, pos_}, "escape sequence is an invalid Unicode code point");
      return false;
    }
    return true;
  }

  const absl::string_view text_;
  size_t pos_ = 0;
  size_t start_ = 0;  // of the current token
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool colon_seen_ = false;     // in the current brackets
  std::vector<size_t> parens_;  // where the open ones are
  LexResult result_;
};

}  // namespace

LexResult Lex(absl::string_view text) {
  return Lexer(text).Run();
}

}  // namespace tocsin::promql
