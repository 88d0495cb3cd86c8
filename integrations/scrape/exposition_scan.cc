#include "integrations/scrape/exposition_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/status_macros.h"
#include "integrations/ingest/utf8.h"

namespace tocsin::scrape {
namespace {

bool IsNameStart(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
}
bool IsNamePart(char c) {
  return IsNameStart(c) || absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// The name of two labels, or of one that the metric's own name takes; "" if there is none.
absl::string_view NameOfTwo(const std::vector<ExposedLabel>& labels) {
  constexpr size_t kFew = 16;  // are compared with each other, many are looked up
  absl::flat_hash_set<absl::string_view> names;
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    const auto same = [&](const ExposedLabel& other) { return other.name == label->name; };
    const bool twice = labels.size() <= kFew ? std::any_of(labels.begin(), label, same)
                                             : !names.insert(label->name).second;
    if (twice || label->name == kMetricName) return label->name;
  }
  return "";
}

absl::Status ScanLabel(ExpositionScan& scan, LabelStyle style, std::vector<ExposedLabel>& labels) {
  const bool loose = style == LabelStyle::kText;
  const absl::string_view name = scan.TakeLabelName();
  if (name.empty()) return scan.Error("expected a label's name or }");
  if (loose) scan.SkipBlanks();
  if (!scan.Take('=')) return scan.Error("expected = behind a label's name");
  if (loose) scan.SkipBlanks();
  TOCSIN_ASSIGN_OR_RETURN(const absl::string_view value, scan.TakeQuoted(loose));
  labels.push_back({name, value});
  return absl::OkStatus();
}

}  // namespace

bool ExpositionScan::Take(char c) {
  if (!IsAt(c)) return false;
  ++at_;
  return true;
}

bool ExpositionScan::Take(absl::string_view word) {
  if (!absl::StartsWith(text_.substr(at_), word)) return false;
  at_ += word.size();
  return true;
}

void ExpositionScan::SkipBlanks() {
  while (IsAt(' ') || IsAt('\t')) ++at_;
}

absl::string_view ExpositionScan::TakeUntil(absl::string_view ends) {
  const size_t begin = at_;
  at_ = std::min(text_.find_first_of(ends, at_), text_.size());
  return Since(begin);
}

absl::string_view ExpositionScan::TakeMetricName() {
  const size_t begin = at_;
  const auto is_part = [&](char c) {
    return c == ':' || (at_ == begin ? IsNameStart(c) : IsNamePart(c));
  };
  while (!done() && is_part(text_[at_])) ++at_;
  return Since(begin);
}

absl::string_view ExpositionScan::TakeLabelName() {
  const size_t begin = at_;
  while (!done() && (at_ == begin ? IsNameStart(text_[at_]) : IsNamePart(text_[at_]))) ++at_;
  return Since(begin);
}

absl::StatusOr<absl::string_view> ExpositionScan::TakeQuoted(bool lines) {
  const size_t quote = at_;
  if (!Take('"')) return Error("expected a label's value in quotes");
  const size_t begin = at_;
  while (true) {
    at_ = std::min(text_.find_first_of("\"\\\n", at_), text_.size());
    if (done() || (IsAt('\n') && !lines)) return ErrorAt(quote, "a quote that does not end");
    if (IsAt('"')) break;
    const bool escape = IsAt('\\');
    ++at_;
    if (!escape) continue;
    if (done() || (IsAt('\n') && !lines)) return ErrorAt(quote, "a quote that does not end");
    ++at_;
  }
  const absl::string_view value = Since(begin);
  ++at_;
  if (!ingest::IsUtf8(value)) return ErrorAt(begin, "a label's value is not UTF-8");
  return value;
}

absl::Status ExpositionScan::ErrorAt(size_t at, absl::string_view message) const {
  const absl::string_view before = text_.substr(0, at);
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return absl::InvalidArgumentError(absl::StrCat("line ",
                                                 std::count(before.begin(), before.end(), '\n') + 1,
                                                 ", column ", at - line_begin + 1, ": ", message));
}

std::optional<double> ParseExposedNumber(absl::string_view text) {
  const bool negative = absl::StartsWith(text, "-");
  const bool sign = negative || absl::StartsWith(text, "+");
  const absl::string_view size = text.substr(sign ? 1 : 0);
  if (absl::EqualsIgnoreCase(size, "inf") || absl::EqualsIgnoreCase(size, "infinity")) {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  if (absl::EqualsIgnoreCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  // from_chars() knows more words, hexadecimal digits, and a second sign.
  if (absl::StrContains(size, 'x') || absl::StrContains(size, 'X')) return std::nullopt;
  if (size.empty() ||
      !(absl::ascii_isdigit(static_cast<unsigned char>(size[0])) || size[0] == '.')) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = absl::from_chars(size.data(), size.data() + size.size(), value);
  if (end != size.data() + size.size() || error == std::errc::invalid_argument) return std::nullopt;
  // Out of range is also what is nearer to 0 than any double: 0, or nearly so.
  if (error == std::errc::result_out_of_range && value > 1) return std::nullopt;
  return negative ? -value : value;
}

absl::Status ScanLabels(ExpositionScan& scan, LabelStyle style, std::vector<ExposedLabel>& labels) {
  const bool loose = style == LabelStyle::kText;
  const size_t begin = scan.at();
  labels.clear();
  if (loose) scan.SkipBlanks();
  while (!scan.Take('}')) {
    TOCSIN_RETURN_IF_ERROR(ScanLabel(scan, style, labels));
    if (loose) {
      scan.SkipBlanks();
      if (scan.Take(',')) scan.SkipBlanks();
      continue;
    }
    if (scan.IsAt('}')) continue;
    if (!scan.Take(',')) return scan.Error("expected , or }");
    if (scan.IsAt('}')) return scan.Error("expected a label's name");
  }
  const absl::string_view twice = NameOfTwo(labels);
  if (twice.empty()) return absl::OkStatus();
  return scan.ErrorAt(begin, absl::StrCat("the label ", twice, " is there twice"));
}

bool IsExposedType(ExpositionFormat format, absl::string_view type) {
  static constexpr absl::string_view kBoth[] = {"counter", "gauge", "histogram", "summary"};
  static constexpr absl::string_view kText[] = {"untyped"};
  static constexpr absl::string_view kOpenMetrics[] = {"gaugehistogram", "info", "stateset",
                                                       "unknown"};
  const auto among = [type](std::span<const absl::string_view> types) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  return among(kBoth) || (format == ExpositionFormat::kText ? among(kText) : among(kOpenMetrics));
}

}  // namespace tocsin::scrape
