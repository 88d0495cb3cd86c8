#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/native_histogram.h"

// What decoders of Datadog's messages hand on: views into the message, or into what a decoder made
// of it, which live until the call ends that takes them.
namespace tocsin::datadog {

using NameAndValue = std::pair<absl::string_view, absl::string_view>;

// Tags of one series that are kept on the way, many more than a series may have labels.
inline constexpr size_t kSentTagsMax = 1024;

// What names a series.
struct SentIdentity {
  absl::string_view metric;
  absl::string_view host;               // as sent; "": none
  std::vector<absl::string_view> tags;  // `key:value` or bare, as sent
  std::vector<NameAndValue>
      keyed;  // more tags, of which key and value come apart: resources, `device`
  std::vector<NameAndValue> own;  // labels as they are, which no tag replaces: a check's name
  bool too_many_tags = false;     // more than kSentTagsMax

  void AddTag(absl::string_view tag) {
    if (HasRoom()) tags.push_back(tag);
  }
  void AddTag(absl::string_view key, absl::string_view value) {
    if (HasRoom()) keyed.emplace_back(key, value);
  }
  // A resource of that type: the host, or a tag.
  void AddResource(absl::string_view type, absl::string_view name) {
    if (type == "host") {
      host = name;
    } else if (!type.empty()) {
      AddTag(type, name);
    }
  }

 private:
  bool HasRoom() {
    too_many_tags |= tags.size() + keyed.size() >= kSentTagsMax;
    return !too_many_tags;
  }
};

enum class MetricType { kGauge, kCount, kRate };

struct SentPoint {
  int64_t time_ms = 0;
  double value = 0;
  HistogramPtr histogram;  // null: a number
};

struct SentSeries {
  SentIdentity identity;
  MetricType type = MetricType::kGauge;
  int64_t interval_s = 0;  // 0: not said
  bool hidden = false;     // said to be of no use to those who look at metrics
  std::vector<SentPoint> points;
  uint64_t points_without_value = 0;
  uint64_t bad_histograms = 0;

  // For the next one; keeps the memory.
  void Clear() {
    identity.metric = identity.host = {};
    identity.tags.clear();
    identity.keyed.clear();
    identity.own.clear();
    identity.too_many_tags = false;
    type = MetricType::kGauge;
    interval_s = 0;
    hidden = false;
    points.clear();
    points_without_value = bad_histograms = 0;
  }
};

// Seconds since the epoch, in milliseconds; what is beyond all times stays beyond them.
inline int64_t MillisOf(double seconds) {
  constexpr double kSecondsMax = 9e15;  // 285 million years
  if (std::isnan(seconds)) return INT64_MIN;
  if (std::abs(seconds) > kSecondsMax) return seconds < 0 ? INT64_MIN : INT64_MAX;
  return static_cast<int64_t>(std::llround(seconds * 1000));
}
inline int64_t MillisOfSeconds(int64_t seconds) {
  int64_t ms;
  if (__builtin_mul_overflow(seconds, int64_t{1000}, &ms))
    return seconds < 0 ? INT64_MIN : INT64_MAX;
  return ms;
}

}  // namespace tocsin::datadog
