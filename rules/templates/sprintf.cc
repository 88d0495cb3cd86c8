#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "rules/templates/go_format.h"

namespace tocsin::templates {
namespace {

constexpr int kWidthMax = 1000;
// A longer text is an error whatever else it would say, so nobody goes on with it.
constexpr size_t kTextBytesMax = 64 << 10;

// One verb with its flags: "%-08.3f".
struct Spec {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  std::optional<int> width;
  std::optional<int> precision;
  char verb = 'v';
};

size_t CountRunes(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

absl::string_view FirstRunes(absl::string_view text, size_t runes) {
  size_t i = 0;
  while (i < text.size()) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && runes-- == 0) break;
    ++i;
  }
  return text.substr(0, i);
}

std::string Pad(std::string text, const Spec& spec, bool zeros_allowed) {
  const size_t runes = CountRunes(text);
  const size_t width = static_cast<size_t>(spec.width.value_or(0));
  if (runes >= width) return text;
  const size_t missing = width - runes;
  if (spec.minus) return text + std::string(missing, ' ');
  if (spec.zero && zeros_allowed) {
    const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
    return text.insert(has_sign ? 1 : 0, missing, '0');
  }
  return std::string(missing, ' ') + text;
}

std::string FormatAny(const Spec& spec, const Value& value);

std::string BadVerb(const Spec& spec, const Value& value) {
  if (value.is_nil()) return absl::StrCat("%!", std::string(1, spec.verb), "(<nil>)");
  return absl::StrCat("%!", std::string(1, spec.verb), "(", TypeName(value), "=",
                      FormatAny(Spec{}, value), ")");
}

std::string WithSign(std::string text, const Spec& spec) {
  if (text[0] == '-' || text[0] == '+') return text;
  if (spec.plus) return "+" + text;
  if (spec.space) return " " + text;
  return text;
}

std::string FormatFloatVerb(const Spec& spec, double value, const Value& whole) {
  char verb = spec.verb == 'v' ? 'g' : spec.verb == 'F' ? 'f' : spec.verb;
  if (std::string("eEfgG").find(verb) == std::string::npos) return BadVerb(spec, whole);
  const bool shortest = verb == 'g' || verb == 'G';
  const int precision = spec.precision.value_or(shortest ? -1 : 6);
  std::string text = WithSign(FormatFloat(value, verb, precision), spec);
  if (std::isinf(value) && value > 0 && spec.space && !spec.plus) text[0] = ' ';
  return Pad(std::move(text), spec, std::isfinite(value));
}

std::string Digits(uint64_t value, unsigned base, bool upper) {
  const char* const alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string digits;
  do digits.insert(digits.begin(), alphabet[value % base]);
  while ((value /= base) != 0);
  return digits;
}

std::string EncodeRune(uint32_t rune) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) rune = 0xfffd;
  std::string text;
  if (rune < 0x80) return std::string(1, static_cast<char>(rune));
  const int tail = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
  const uint32_t lead = tail == 1 ? 0xc0 : tail == 2 ? 0xe0 : 0xf0;
  text += static_cast<char>(lead | (rune >> (6 * tail)));
  for (int k = tail - 1; k >= 0; --k) text += static_cast<char>(0x80 | ((rune >> (6 * k)) & 0x3f));
  return text;
}

std::string FormatInt(const Spec& spec, int64_t value, const Value& whole) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  std::string prefix;
  unsigned base = 10;
  switch (spec.verb) {
    case 'v':
    case 'd':
      break;
    case 'b':
      base = 2;
      break;
    case 'o':
      base = 8;
      prefix = spec.sharp ? "0" : "";
      break;
    case 'O':
      base = 8;
      prefix = "0o";
      break;
    case 'x':
      base = 16;
      prefix = spec.sharp ? "0x" : "";
      break;
    case 'X':
      base = 16;
      prefix = spec.sharp ? "0X" : "";
      break;
    case 'c':
      return Pad(EncodeRune(static_cast<uint32_t>(value)), spec, false);
    case 'q':
      return Pad("'" + EncodeRune(static_cast<uint32_t>(value)) + "'", spec, false);
    case 'U':
      return Pad("U+" + absl::StrFormat("%04X", value), spec, false);
    default:
      return BadVerb(spec, whole);
  }
  std::string digits = Digits(magnitude, base, spec.verb == 'X');
  const size_t wanted = static_cast<size_t>(spec.precision.value_or(0));
  if (digits.size() < wanted) digits.insert(0, wanted - digits.size(), '0');
  std::string text = (negative ? "-" : "") + prefix + digits;
  return Pad(WithSign(std::move(text), spec), spec, !spec.precision);
}

std::string FormatString(const Spec& spec, absl::string_view text, const Value& whole) {
  const absl::string_view cut =
      spec.precision ? FirstRunes(text, static_cast<size_t>(*spec.precision)) : text;
  switch (spec.verb) {
    case 'v':
    case 's':
      return Pad(std::string(cut), spec, true);
    case 'q':
      return Pad(GoQuote(cut), spec, false);
    case 'x':
      return Pad(absl::BytesToHexString(cut), spec, false);
    case 'X':
      return Pad(absl::AsciiStrToUpper(absl::BytesToHexString(cut)), spec, false);
    default:
      return BadVerb(spec, whole);
  }
}

std::string FormatBool(const Spec& spec, bool value, const Value& whole) {
  if (spec.verb != 'v' && spec.verb != 't') return BadVerb(spec, whole);
  return Pad(value ? "true" : "false", spec, false);
}

std::string FormatLabels(const Spec& spec, const Labels& labels) {
  std::string text = "map[";
  for (const LabelView label : labels) {
    if (text.size() > 4) text += ' ';
    absl::StrAppend(&text, FormatAny(spec, Value{std::string(label.name)}), ":",
                    FormatAny(spec, Value{std::string(label.value)}));
  }
  return text + "]";
}

std::string FormatMap(const Spec& spec, const std::map<std::string, Value>& map) {
  std::string text = "map[";
  for (const auto& [key, value] : map) {
    if (text.size() > 4) text += ' ';
    absl::StrAppend(&text, FormatAny(spec, Value{key}), ":", FormatAny(spec, value));
  }
  return text + "]";
}

std::string FormatRow(const Spec& spec, const QueryRow& row) {
  return absl::StrCat("{", FormatLabels(spec, row.labels), " ", FormatAny(spec, Value{row.value}),
                      "}");
}

// Go would print addresses here; the rows say more.
std::string FormatRows(const Spec& spec, const std::vector<RowPtr>& rows) {
  std::string text = "[";
  for (const RowPtr& row : rows) {
    if (text.size() > 1) text += ' ';
    text += FormatRow(spec, *row);
  }
  return text + "]";
}

std::string FormatData(const Spec& spec, const TemplateData& data) {
  return absl::StrCat("{", FormatLabels(spec, *BorrowLabels(data.labels)), " ",
                      FormatLabels(spec, *BorrowLabels(data.external_labels)), " ",
                      FormatAny(spec, Value{data.external_url}), " ",
                      FormatAny(spec, Value{data.value}), "}");
}

std::string FormatItem(const Spec& spec, const EvidenceItem& item) {
  return FormatAny(spec, Value{item.text});
}

std::string FormatItems(const Spec& spec, const std::vector<EvidenceItem>& items) {
  std::string text = "[";
  for (const EvidenceItem& item : items) {
    if (text.size() > 1) text += ' ';
    text += FormatItem(spec, item);
  }
  return text + "]";
}

std::string FormatEvidence(const Spec& spec, const Evidence& evidence) {
  return absl::StrCat("{", FormatItems(spec, evidence.logs), " ",
                      FormatItems(spec, evidence.traces), "}");
}

std::string FormatAny(const Spec& spec, const Value& value) {
  if (const auto* text = value.As<std::string>()) return FormatString(spec, *text, value);
  if (const auto* number = value.As<double>()) return FormatFloatVerb(spec, *number, value);
  if (const auto* number = value.As<int64_t>()) return FormatInt(spec, *number, value);
  if (const auto* flag = value.As<bool>()) return FormatBool(spec, *flag, value);
  if (const auto* labels = value.As<LabelsPtr>()) return FormatLabels(spec, **labels);
  if (const auto* map = value.As<MapPtr>()) return FormatMap(spec, **map);
  if (const auto* row = value.As<RowPtr>()) return FormatRow(spec, **row);
  if (const auto* rows = value.As<RowsPtr>()) return FormatRows(spec, **rows);
  if (const auto* time = value.As<GoTime>()) return FormatString(spec, FormatGoTime(*time), value);
  if (const auto* duration = value.As<GoDuration>()) {
    const bool as_text = spec.verb == 'v' || spec.verb == 's' || spec.verb == 'q';
    return as_text ? FormatString(spec, FormatGoDuration(*duration), value)
                   : FormatInt(spec, duration->ns, value);
  }
  if (const auto* data = value.As<const TemplateData*>()) return FormatData(spec, **data);
  if (const auto* evidence = value.As<const Evidence*>()) return FormatEvidence(spec, **evidence);
  if (const auto* items = value.As<EvidenceItems>()) return FormatItems(spec, **items);
  if (const auto* item = value.As<const EvidenceItem*>()) return FormatItem(spec, **item);
  return spec.verb == 'v' ? Pad("<nil>", spec, false) : BadVerb(spec, value);
}

// Walks through a format text and the arguments it uses.
class Printer {
 public:
  Printer(absl::string_view format, const std::vector<Value>& args, size_t first_arg)
      : format_(format), args_(args), first_arg_(first_arg), next_arg_(first_arg) {}

  std::string Run() {
    while (at_ < format_.size() && out_.size() <= kTextBytesMax) {
      const size_t percent = std::min(format_.find('%', at_), format_.size());
      absl::StrAppend(&out_, format_.substr(at_, percent - at_));
      at_ = percent + 1;
      if (percent < format_.size()) FormatVerb();
    }
    if (!reordered_ && next_arg_ < args_.size() && out_.size() <= kTextBytesMax) AppendExtra();
    return std::move(out_);
  }

 private:
  void FormatVerb() {
    Spec spec;
    ReadFlags(spec);
    ReadIndex();
    bool ok = ReadNumber(spec.width, "%!(BADWIDTH)");
    if (spec.width && *spec.width < 0) {
      spec.minus = true;
      spec.width = -*spec.width;
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      spec.precision = 0;
      ok = ReadNumber(spec.precision, "%!(BADPREC)") && ok;
      if (*spec.precision < 0) spec.precision.reset();
    }
    ReadIndex();
    if (at_ >= format_.size()) {
      out_ += "%!(NOVERB)";
      return;
    }
    spec.verb = format_[at_++];
    if (spec.verb == '%') {
      out_ += '%';
    } else if (next_arg_ >= args_.size()) {
      absl::StrAppend(&out_, "%!", std::string(1, spec.verb), "(MISSING)");
    } else if (ok) {
      out_ += FormatAny(spec, args_[next_arg_++]);
    } else {
      ++next_arg_;
    }
  }

  void ReadFlags(Spec& spec) {
    for (; at_ < format_.size(); ++at_) {
      switch (format_[at_]) {
        case '-':
          spec.minus = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '#':
          spec.sharp = true;
          break;
        case ' ':
          spec.space = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          return;
      }
    }
  }

  // "[2]": the argument to use next.
  void ReadIndex() {
    if (at_ >= format_.size() || format_[at_] != '[') return;
    const size_t end = format_.find(']', at_);
    int index = 0;
    if (end == absl::string_view::npos ||
        !absl::SimpleAtoi(format_.substr(at_ + 1, end - at_ - 1), &index) || index < 1) {
      return;
    }
    reordered_ = true;
    next_arg_ = first_arg_ + static_cast<size_t>(index) - 1;
    at_ = end + 1;
  }

  bool ReadNumber(std::optional<int>& number, const char* mark) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      const int64_t* value = next_arg_ < args_.size() ? args_[next_arg_].As<int64_t>() : nullptr;
      ++next_arg_;
      if (value == nullptr || *value > kWidthMax || *value < -kWidthMax) return Refuse(mark);
      number = static_cast<int>(*value);
      return true;
    }
    int value = 0;
    bool any = false;
    for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_) {
      any = true;
      value = std::min(value * 10 + (format_[at_] - '0'), kWidthMax + 1);
    }
    if (!any) return true;
    if (value > kWidthMax) return Refuse(mark);
    number = value;
    return true;
  }

  bool Refuse(const char* mark) {
    out_ += mark;
    return false;
  }

  void AppendExtra() {
    out_ += "%!(EXTRA ";
    for (size_t i = next_arg_; i < args_.size() && out_.size() <= kTextBytesMax; ++i) {
      if (i > next_arg_) out_ += ", ";
      if (args_[i].is_nil()) {
        out_ += "<nil>";
      } else {
        absl::StrAppend(&out_, TypeName(args_[i]), "=", FormatAny(Spec{}, args_[i]));
      }
    }
    out_ += ")";
  }

  const absl::string_view format_;
  const std::vector<Value>& args_;
  const size_t first_arg_;
  size_t next_arg_;
  size_t at_ = 0;
  bool reordered_ = false;
  std::string out_;
};

}  // namespace

std::string PrintValue(const Value& value) {
  return value.is_nil() ? "<no value>" : FormatAny(Spec{}, value);
}

std::string Sprint(const std::vector<Value>& args) {
  std::string text;
  for (size_t i = 0; i < args.size() && text.size() <= kTextBytesMax; ++i) {
    const bool space = i > 0 && !args[i].As<std::string>() && !args[i - 1].As<std::string>();
    absl::StrAppend(&text, space ? " " : "", FormatAny(Spec{}, args[i]));
  }
  return text;
}

std::string Sprintln(const std::vector<Value>& args) {
  std::string text;
  for (size_t i = 0; i < args.size() && text.size() <= kTextBytesMax; ++i) {
    absl::StrAppend(&text, i > 0 ? " " : "", FormatAny(Spec{}, args[i]));
  }
  return text + "\n";
}

std::string Sprintf(absl::string_view format, const std::vector<Value>& args, size_t first_arg) {
  return Printer(format, args, first_arg).Run();
}

}  // namespace tocsin::templates
