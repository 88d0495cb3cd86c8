#include "base/histogram/text.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {
namespace {

void AppendRange(const BucketRange& bucket, std::string& out) {
  if (bucket.count == 0) return;
  absl::StrAppend(&out, ", ", bucket.lower_inclusive ? "[" : "(", HistogramNumber(bucket.lower),
                  ",", HistogramNumber(bucket.upper), bucket.upper_inclusive ? "]" : ")", ":",
                  HistogramNumber(bucket.count));
}

std::string List(const std::vector<double>& values) {
  return absl::StrCat("[",
                      absl::StrJoin(values, " ",
                                    [](std::string* out, double value) {
                                      absl::StrAppend(out, HistogramNumber(value));
                                    }),
                      "]");
}

// One list from the first to the last populated bucket.
void AppendSide(const std::vector<HistogramBucket>& buckets, absl::string_view prefix,
                std::vector<std::string>& parts) {
  if (buckets.empty()) return;
  const int32_t first = buckets.front().index;
  if (first != 0) parts.push_back(absl::StrCat(prefix, "offset:", first));
  std::vector<double> counts;
  for (const HistogramBucket& bucket : buckets) {
    counts.resize(static_cast<size_t>(bucket.index - first), 0);
    counts.push_back(bucket.count);
  }
  parts.push_back(absl::StrCat(prefix, "buckets:", List(counts)));
}

const char* ResetName(CounterReset reset) {
  switch (reset) {
    case CounterReset::kReset:
      return "reset";
    case CounterReset::kNotReset:
      return "not_reset";
    case CounterReset::kGauge:
      return "gauge";
    case CounterReset::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

std::string HistogramNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::general);
  return std::string(text, end.ptr);
}

std::string HistogramText(const NativeHistogram& h) {
  std::string text =
      absl::StrCat("{count:", HistogramNumber(h.count), ", sum:", HistogramNumber(h.sum));
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    AppendRange(NegativeRange(h, *it), text);
  }
  AppendRange(ZeroRange(h), text);
  for (const HistogramBucket& bucket : h.positive) AppendRange(PositiveRange(h, bucket), text);
  return text + "}";
}

std::string HistogramNotation(const NativeHistogram& histogram) {
  NativeHistogram h = histogram;
  Compact(h);
  std::vector<std::string> parts;
  const auto number = [&](absl::string_view key, double value) {
    if (value != 0) parts.push_back(absl::StrCat(key, ":", HistogramNumber(value)));
  };
  number("schema", h.schema);
  number("count", h.count);
  number("sum", h.sum);
  number("z_bucket", h.zero_count);
  number("z_bucket_w", h.zero_threshold);
  if (h.has_custom_buckets()) {
    parts.push_back(absl::StrCat("custom_values:", List(h.custom_bounds)));
  }
  if (h.counter_reset != CounterReset::kUnknown) {
    parts.push_back(absl::StrCat("counter_reset_hint:", ResetName(h.counter_reset)));
  }
  AppendSide(h.positive, "", parts);
  AppendSide(h.negative, "n_", parts);
  return absl::StrCat("{{", absl::StrJoin(parts, " "), "}}");
}

}  // namespace tocsin
