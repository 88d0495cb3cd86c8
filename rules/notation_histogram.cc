#include "rules/notation_histogram.h"

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/histogram/sum.h"
#include "base/status_macros.h"
#include "rules/notation.h"

namespace tocsin::notation {
namespace {

class Reader {
 public:
  explicit Reader(absl::string_view content) : content_(content), rest_(content) {}

  absl::StatusOr<HistogramLiteral> Read() {
    Skip();
    while (!rest_.empty()) {
      TOCSIN_RETURN_IF_ERROR(ReadItem());
      Skip();
    }
    Number(positive_, offset_, histogram_.positive);
    Number(negative_, negative_offset_, histogram_.negative);
    HistogramLiteral literal;
    literal.names_reset = seen_.count("counter_reset_hint") > 0;
    literal.histogram = std::make_shared<NativeHistogram>(std::move(histogram_));
    return literal;
  }

 private:
  absl::Status Bad(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(what, ": \"{{", content_, "}}\""));
  }
  void Skip() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  static void Number(const std::vector<double>& counts, int32_t offset,
                     std::vector<HistogramBucket>& buckets) {
    for (size_t i = 0; i < counts.size(); ++i) {
      buckets.push_back({offset + static_cast<int32_t>(i), counts[i]});
    }
  }

  absl::Status ReadItem() {
    const size_t colon = rest_.find(':');
    if (colon == absl::string_view::npos) return Bad("expected `key:value`");
    const std::string key(absl::StripAsciiWhitespace(rest_.substr(0, colon)));
    rest_.remove_prefix(colon + 1);
    Skip();
    if (!seen_.insert(key).second) return Bad(absl::StrCat(key, " is given twice"));
    if (key == "schema") return ReadInteger(histogram_.schema);
    if (key == "offset") return ReadInteger(offset_);
    if (key == "n_offset") return ReadInteger(negative_offset_);
    if (key == "sum") return ReadNumber(histogram_.sum);
    if (key == "count") return ReadNumber(histogram_.count);
    if (key == "z_bucket") return ReadNumber(histogram_.zero_count);
    if (key == "z_bucket_w") return ReadNumber(histogram_.zero_threshold);
    if (key == "buckets") return ReadList(positive_);
    if (key == "n_buckets") return ReadList(negative_);
    if (key == "custom_values") return ReadList(histogram_.custom_bounds);
    if (key == "counter_reset_hint") return ReadReset();
    return Bad(absl::StrCat("unknown key ", key));
  }

  absl::Status ReadNumber(double& number) {
    const auto value = TakeNumber(&rest_);
    if (!value.has_value()) return Bad("expected a number");
    number = *value;
    return absl::OkStatus();
  }

  absl::Status ReadInteger(int32_t& number) {
    double value = 0;
    TOCSIN_RETURN_IF_ERROR(ReadNumber(value));
    if (std::nearbyint(value) != value || std::fabs(value) > 1e9) return Bad("not an integer");
    number = static_cast<int32_t>(value);
    return absl::OkStatus();
  }

  absl::Status ReadList(std::vector<double>& list) {
    if (!absl::ConsumePrefix(&rest_, "[")) return Bad("expected `[`");
    for (Skip(); !absl::ConsumePrefix(&rest_, "]"); Skip()) {
      TOCSIN_RETURN_IF_ERROR(ReadNumber(list.emplace_back()));
    }
    return list.empty() ? Bad("an empty list") : absl::OkStatus();
  }

  absl::Status ReadReset() {
    constexpr std::pair<absl::string_view, CounterReset> kNames[] = {
        {"unknown", CounterReset::kUnknown},
        {"not_reset", CounterReset::kNotReset},
        {"reset", CounterReset::kReset},
        {"gauge", CounterReset::kGauge}};
    for (const auto& [name, reset] : kNames) {
      if (!absl::ConsumePrefix(&rest_, name)) continue;
      histogram_.counter_reset = reset;
      return absl::OkStatus();
    }
    return Bad("unknown counter_reset_hint");
  }

  const absl::string_view content_;
  absl::string_view rest_;
  std::set<std::string> seen_;
  NativeHistogram histogram_;
  int32_t offset_ = 0, negative_offset_ = 0;
  std::vector<double> positive_, negative_;
};

}  // namespace

absl::StatusOr<HistogramLiteral> TakeHistogram(absl::string_view* text) {
  const size_t end = text->find("}}");
  if (text->substr(0, 2) != "{{" || end == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("expected a histogram: \"", *text, "\""));
  }
  const absl::string_view content = text->substr(2, end - 2);
  text->remove_prefix(end + 2);
  return Reader(content).Read();
}

absl::StatusOr<HistogramPtr> Stepped(const NativeHistogram& from, const NativeHistogram& step,
                                     bool negative) {
  NativeHistogram next = from;
  const auto notes = negative ? SubtractFrom(next, step) : AddTo(next, step);
  if (!notes) return absl::InvalidArgumentError("these histograms cannot be added");
  return std::make_shared<const NativeHistogram>(std::move(next));
}

}  // namespace tocsin::notation
