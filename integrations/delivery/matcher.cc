#include "integrations/delivery/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::delivery {
namespace {

constexpr absl::string_view kOps[] = {"=", "!=", "=~", "!~"};

// What a word without quotes may consist of.
bool IsBare(char c) {
  return !absl::ascii_isspace(static_cast<unsigned char>(c)) &&
         absl::string_view("{}!=~,\\\"'`").find(c) == absl::string_view::npos;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// Reads the text of matchers from left to right.
class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Matcher>> ReadAll() {
    std::vector<Matcher> matchers;
    const bool braces = Skip('{');
    while (!AtEnd() && !(braces && Peek() == '}')) {
      TOCSIN_ASSIGN_OR_RETURN(Matcher matcher, ReadOne());
      matchers.push_back(std::move(matcher));
      if (!Skip(',')) break;
    }
    if (braces && !Skip('}')) return Expected("'}'");
    if (!AtEnd()) return Expected("',' or the end");
    if (matchers.empty() && !braces) return Expected("a matcher");
    return matchers;
  }

 private:
  absl::StatusOr<Matcher> ReadOne() {
    TOCSIN_ASSIGN_OR_RETURN(std::string name, ReadWord("a label name"));
    TOCSIN_ASSIGN_OR_RETURN(const Matcher::Op op, ReadOp());
    SkipBlanks();
    std::string value;
    if (position_ < text_.size() && Peek() != ',' && Peek() != '}') {
      TOCSIN_ASSIGN_OR_RETURN(value, ReadWord("a value"));
    } else {
      return Expected("a value");
    }
    return Matcher::Make(std::move(name), op, std::move(value));
  }

  absl::StatusOr<Matcher::Op> ReadOp() {
    SkipBlanks();
    const absl::string_view rest = text_.substr(position_);
    if (rest.substr(0, 2) == "=~") return Advance(2, Matcher::Op::kMatch);
    if (rest.substr(0, 2) == "!~") return Advance(2, Matcher::Op::kNotMatch);
    if (rest.substr(0, 2) == "!=") return Advance(2, Matcher::Op::kNotEqual);
    if (rest.substr(0, 1) == "=") return Advance(1, Matcher::Op::kEqual);
    return Expected("one of = != =~ !~");
  }
  Matcher::Op Advance(size_t bytes, Matcher::Op op) {
    position_ += bytes;
    return op;
  }

  absl::StatusOr<std::string> ReadWord(const char* what) {
    SkipBlanks();
    if (position_ < text_.size() && Peek() == '"') return ReadQuoted();
    const size_t begin = position_;
    while (position_ < text_.size() && IsBare(Peek())) ++position_;
    if (begin == position_) return Expected(what);
    return std::string(text_.substr(begin, position_ - begin));
  }

  absl::StatusOr<std::string> ReadQuoted() {
    std::string out;
    for (++position_; position_ < text_.size(); ++position_) {
      char c = Peek();
      if (c == '"') {
        ++position_;
        return out;
      }
      if (c == '\\' && position_ + 1 < text_.size()) {
        c = text_[++position_];
        if (c == 'n')
          c = '\n';
        else if (c != '"' && c != '\\')
          out += '\\';  // \d of a regular expression stays
      }
      out += c;
    }
    return Expected("a closing '\"'");
  }

  char Peek() const { return text_[position_]; }
  void SkipBlanks() {
    while (position_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(Peek()))) {
      ++position_;
    }
  }
  bool AtEnd() {
    SkipBlanks();
    return position_ == text_.size();
  }
  bool Skip(char c) {
    if (AtEnd() || Peek() != c) return false;
    ++position_;
    return true;
  }
  absl::Status Expected(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("matcher `", text_, "`: expected ", what, " at ", position_ + 1));
  }

  const absl::string_view text_;
  size_t position_ = 0;
};

}  // namespace

absl::StatusOr<Matcher> Matcher::Make(std::string name, Op op, std::string value) {
  Matcher matcher;
  matcher.name_ = std::move(name);
  matcher.op_ = op;
  matcher.value_ = std::move(value);
  if (op == Op::kMatch || op == Op::kNotMatch) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    auto regex = std::make_shared<RE2>(matcher.value_, options);
    if (!regex->ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("matcher on ", matcher.name_, ": ", regex->error()));
    }
    matcher.regex_ = std::move(regex);
  }
  return matcher;
}

bool Matcher::Matches(const Labels& labels) const {
  const absl::string_view value = labels.Get(name_);
  switch (op_) {
    case Op::kEqual:
      return value == value_;
    case Op::kNotEqual:
      return value != value_;
    case Op::kMatch:
      return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
    case Op::kNotMatch:
      return !RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
  }
  return false;
}

std::string Matcher::ToString() const {
  const bool bare = !name_.empty() && std::all_of(name_.begin(), name_.end(), IsBare);
  return absl::StrCat(bare ? name_ : Quoted(name_), kOps[static_cast<int>(op_)], Quoted(value_));
}

absl::StatusOr<std::vector<Matcher>> ParseMatchers(absl::string_view text) {
  return Reader(text).ReadAll();
}

}  // namespace tocsin::delivery
