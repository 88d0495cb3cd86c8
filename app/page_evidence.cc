#include "app/page_evidence.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/query/matcher_set.h"
#include "integrations/http/prometheus_json.h"
#include "integrations/page/page_evidence.h"

namespace tocsin::app {
namespace {

using engine::MatcherSet;
using state::v1::PageEvidence;

constexpr absl::Duration kAgeMin = absl::Hours(1);
constexpr char kBucketLabel[] = "le";

// The same value wherever both have a label.
bool Agree(const Labels& series, const Labels& row) {
  for (const LabelView label : row) {
    if (label.name == kMetricName) continue;
    const absl::string_view value = series.Get(label.name);
    if (!value.empty() && value != label.value) return false;
  }
  return true;
}

// They hold wherever the series has the label.
bool HoldWherePresent(const std::vector<engine::CompiledMatcher>& matchers, const Labels& series) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const auto& matcher) {
    const absl::string_view value = series.Get(matcher.name());
    return value.empty() || matcher.Matches(value);
  });
}

// Another series of the classic histogram that the selector is about, whatever its bucket.
bool SelectsHistogramOf(const MatcherSet& selector, const Labels& series) {
  const absl::string_view histogram = ingest::HistogramOf(*selector.metric());
  if (histogram.empty() || ingest::HistogramOf(series.metric_name()) != histogram) return false;
  const auto& matchers = selector.matchers();
  return std::all_of(matchers.begin(), matchers.end(), [&](const auto& matcher) {
    return matcher.name() == kMetricName || matcher.name() == kBucketLabel ||
           matcher.Matches(series.Get(matcher.name()));
  });
}

PageEvidence Made(PageEvidence::Kind kind, Timestamp time, absl::string_view text,
                  absl::string_view trace_id) {
  PageEvidence made;
  made.set_kind(kind);
  made.set_time_ms(time.millis());
  made.set_text(page::EvidenceLine(text));
  made.set_trace_id(page::EvidenceLine(trace_id));
  return made;
}

}  // namespace

std::vector<PageEvidence> FindEvidence(const ingest::LogCounters& logs,
                                       const ingest::ExemplarStore& exemplars,
                                       const engine::EvidenceQuestion& question,
                                       size_t& series_left) {
  std::vector<PageEvidence> found;
  for (const auto& [need, matchers, row] : question.selectors) {
    const auto selector = MatcherSet::Compile(need.matchers);
    const auto recorded = MatcherSet::Compile(matchers);
    if (!selector.ok() || !recorded.ok()) continue;  // its query could not run either
    const auto agrees = [&, &row = row](const Labels& series) {
      return Agree(series, row) && HoldWherePresent(recorded->matchers(), series);
    };
    const std::string metric = selector->metric().value_or("");
    const Timestamp oldest = question.now - std::max(kAgeMin, need.reach);
    const auto counted = [&](const Labels& series) {
      return agrees(series) && selector->Matches(series);
    };
    const auto measured = [&](const Labels& series) {
      if (!agrees(series)) return false;
      return selector->Matches(series) ||
             (selector->metric() && SelectsHistogramOf(*selector, series));
    };
    for (const ingest::LogMatch& match :
         logs.Find(metric, counted, oldest, page::kLogLinesMax, series_left)) {
      const char* colon = match.severity.empty() ? "" : ": ";
      found.push_back(Made(PageEvidence::LOG, match.time,
                           absl::StrCat(match.severity, colon, match.body), match.trace_id));
    }
    for (const ingest::Exemplar& exemplar :
         exemplars.Find(metric, row, measured, oldest, page::kTracesMax, series_left)) {
      found.push_back(Made(PageEvidence::TRACE, exemplar.time,
                           http::FormatSampleValue(exemplar.value), exemplar.trace_id));
    }
  }
  return page::NewestEvidence(std::move(found));
}

}  // namespace tocsin::app
