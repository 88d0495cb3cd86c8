#include "tests/support/naive/storage.h"

#include <re2/re2.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/histogram/counter_reset.h"
#include "base/status_macros.h"

namespace tocsin::naive {
namespace {

absl::StatusOr<bool> RegexMatches(const std::string& regex, absl::string_view value) {
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const RE2 compiled(regex, options);
  if (!compiled.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("error parsing regexp: ", compiled.error()));
  }
  return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), compiled);
}

absl::StatusOr<bool> MatchesOne(const promql::Matcher& matcher, absl::string_view value) {
  switch (matcher.op) {
    case promql::MatchOp::kEqual:
      return value == matcher.value;
    case promql::MatchOp::kNotEqual:
      return value != matcher.value;
    case promql::MatchOp::kRegex:
      return RegexMatches(matcher.value, value);
    case promql::MatchOp::kNotRegex:
      break;
  }
  TOCSIN_ASSIGN_OR_RETURN(const bool matches, RegexMatches(matcher.value, value));
  return !matches;
}

// A histogram with the mark it gets behind `previous` (null: there is none).
HistogramPtr Stored(const HistogramPtr& histogram, const Point* previous) {
  auto stored = std::make_shared<NativeHistogram>(*histogram);
  const HistogramPtr before = previous == nullptr ? nullptr : previous->histogram;
  stored->counter_reset = StoredCounterReset(*histogram, before.get());
  return stored;
}

}  // namespace

void Storage::Add(const Labels& labels, int64_t time_ms, double value) {
  Add(labels, Point{time_ms, value, nullptr});
}

void Storage::Add(const Labels& labels, int64_t time_ms, HistogramPtr histogram) {
  Add(labels, Point{time_ms, 0, std::move(histogram)});
}

void Storage::Add(const Labels& labels, Point point) {
  std::vector<Point>& samples = series_[labels];
  const auto at =
      std::lower_bound(samples.begin(), samples.end(), point.time_ms,
                       [](const Point& sample, int64_t time) { return sample.time_ms < time; });
  if (at != samples.end() && at->time_ms == point.time_ms) return;
  const auto added = samples.insert(at, std::move(point));
  // The new one has a new predecessor, and so has the one behind it.
  for (auto it = added; it != samples.end() && it != added + 2; ++it) {
    if (it->histogram == nullptr) continue;
    it->histogram = Stored(it->histogram, it == samples.begin() ? nullptr : &*(it - 1));
  }
}

void Storage::DropBefore(int64_t time_ms) {
  for (auto& [labels, samples] : series_) {
    std::erase_if(samples, [&](const Point& point) { return point.time_ms < time_ms; });
  }
  std::erase_if(series_, [](const auto& entry) { return entry.second.empty(); });
}

absl::StatusOr<bool> Matches(const std::vector<promql::Matcher>& matchers, const Labels& labels) {
  for (const promql::Matcher& matcher : matchers) {
    TOCSIN_ASSIGN_OR_RETURN(const bool matches, MatchesOne(matcher, labels.Get(matcher.name)));
    if (!matches) return false;
  }
  return true;
}

}  // namespace tocsin::naive
