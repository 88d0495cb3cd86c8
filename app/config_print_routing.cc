#include "app/config_print_routing.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "integrations/routing/time_interval_text.h"

namespace tocsin::app {
namespace {

using routing::InclusiveRange;
using routing::TimeInterval;

void PrintRanges(const char* key, const std::vector<InclusiveRange>& ranges,
                 std::string (*text)(const InclusiveRange&), ConfigWriter& writer) {
  if (ranges.empty()) return;
  std::vector<std::string> texts;
  for (const InclusiveRange& range : ranges) texts.push_back(text(range));
  writer.Texts(key, texts);
}

void PrintInterval(const TimeInterval& interval, ConfigWriter& writer) {
  writer.Text("location", interval.location.name());
  if (!interval.times.empty()) {
    writer.Begin("times");
    for (const TimeInterval::TimeRange& range : interval.times) {
      writer.Item();
      writer.Text("start_time", routing::MinuteOfDayText(range.begin_minute));
      writer.Text("end_time", routing::MinuteOfDayText(range.end_minute));
      writer.End();
    }
    writer.End();
  }
  PrintRanges("weekdays", interval.weekdays, routing::WeekdaysText, writer);
  PrintRanges("days_of_month", interval.days_of_month, routing::RangeText, writer);
  PrintRanges("months", interval.months, routing::RangeText, writer);
  PrintRanges("years", interval.years, routing::RangeText, writer);
}

void PrintMatchers(const char* key, const std::vector<delivery::Matcher>& matchers,
                   ConfigWriter& writer) {
  std::vector<std::string> texts;
  for (const delivery::Matcher& matcher : matchers) texts.push_back(matcher.ToString());
  writer.Texts(key, texts);
}

}  // namespace

void PrintTimeIntervals(const routing::TimeIntervals& intervals, ConfigWriter& writer) {
  if (intervals.empty()) return;
  writer.Begin("time_intervals");
  for (const auto& [name, named] : intervals) {
    writer.Item();
    writer.Text("name", name);
    if (!named.intervals.empty()) {
      writer.Begin("time_intervals");
      for (const TimeInterval& interval : named.intervals) {
        writer.Item();
        PrintInterval(interval, writer);
        writer.End();
      }
      writer.End();
    }
    writer.End();
  }
  writer.End();
}

void PrintInhibitRules(const std::vector<routing::InhibitRule>& rules, ConfigWriter& writer) {
  if (rules.empty()) return;
  writer.Begin("inhibit_rules");
  for (const routing::InhibitRule& rule : rules) {
    writer.Item();
    PrintMatchers("source_matchers", rule.source_matchers, writer);
    PrintMatchers("target_matchers", rule.target_matchers, writer);
    writer.Texts("equal", rule.equal);
    writer.End();
  }
  writer.End();
}

void PrintRouteIntervals(const delivery::Route& route, ConfigWriter& writer) {
  if (!route.mute_time_intervals.empty()) {
    writer.Texts("mute_time_intervals", route.mute_time_intervals);
  }
  if (!route.active_time_intervals.empty()) {
    writer.Texts("active_time_intervals", route.active_time_intervals);
  }
}

}  // namespace tocsin::app
