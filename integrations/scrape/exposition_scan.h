#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/scrape/exposition.h"

// What both formats are made of.
namespace tocsin::scrape {

// Goes forward through a text. What is taken are views into it.
class ExpositionScan {
 public:
  explicit ExpositionScan(absl::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  size_t at() const { return at_; }
  bool IsAt(char c) const { return at_ < text_.size() && text_[at_] == c; }
  absl::string_view Since(size_t begin) const { return text_.substr(begin, at_ - begin); }

  bool Take(char c);
  bool Take(absl::string_view word);
  void SkipBlanks();  // spaces and tabs
  // Up to one of `ends`, or to the end of the text.
  absl::string_view TakeUntil(absl::string_view ends);
  absl::string_view TakeMetricName();  // "" if there is none; as are label names
  absl::string_view TakeLabelName();
  // A label's value without its quotes. `lines`: it may hold line breaks.
  absl::StatusOr<absl::string_view> TakeQuoted(bool lines);

  // InvalidArgument at this place, or another.
  absl::Status Error(absl::string_view message) const { return ErrorAt(at_, message); }
  absl::Status ErrorAt(size_t at, absl::string_view message) const;

 private:
  const absl::string_view text_;
  size_t at_ = 0;
};

// A value; nullopt if it is none. Beyond all doubles is none, either.
std::optional<double> ParseExposedNumber(absl::string_view text);

// How strictly labels are written.
enum class LabelStyle {
  kText,         // blanks anywhere, a comma at the end or none at all
  kOpenMetrics,  // neither
};

// From behind the `{` to behind the `}`. Fills `labels`.
absl::Status ScanLabels(ExpositionScan& scan, LabelStyle style, std::vector<ExposedLabel>& labels);

// What stands behind `# TYPE NAME`: whether it is a type of that format.
bool IsExposedType(ExpositionFormat format, absl::string_view type);

using TakeSample = absl::FunctionRef<absl::Status(const ExposedSample&)>;
absl::Status ReadTextExposition(absl::string_view text, TakeSample take);
absl::Status ReadOpenMetrics(absl::string_view text, TakeSample take);

}  // namespace tocsin::scrape
