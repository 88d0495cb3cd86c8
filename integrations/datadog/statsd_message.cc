#include "integrations/datadog/statsd_message.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace tocsin::datadog {
namespace {

// Takes what stands before the first `separator` off the front of `text`; all of it if there is
// none.
absl::string_view Take(absl::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const absl::string_view taken = text.substr(0, end);
  text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
  return taken;
}

bool HasBlank(absl::string_view text) {
  for (const char c : text) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) return true;
  }
  return false;
}

bool ParseNumber(absl::string_view text, double* number) {
  return !HasBlank(text) && absl::SimpleAtod(text, number) && std::isfinite(*number);
}

bool ParseInteger(absl::string_view text, int64_t* number) {
  return !HasBlank(text) && absl::SimpleAtoi(text, number);
}

void ParseTags(absl::string_view text, std::vector<absl::string_view>& tags) {
  tags.clear();
  while (!text.empty()) {
    const absl::string_view tag = Take(text, ',');
    if (!tag.empty()) tags.push_back(tag);
  }
}

std::optional<StatsdType> TypeOf(absl::string_view symbol) {
  if (symbol == "g") return StatsdType::kGauge;
  if (symbol == "c") return StatsdType::kCount;
  if (symbol == "h") return StatsdType::kHistogram;
  if (symbol == "ms") return StatsdType::kTiming;
  if (symbol == "s") return StatsdType::kSet;
  if (symbol == "d") return StatsdType::kDistribution;
  return std::nullopt;
}

// `{title bytes,text bytes}`, of a header that begins with "_e".
bool ParseEventLengths(absl::string_view header, size_t* title, size_t* text) {
  if (!absl::ConsumePrefix(&header, "_e{") || !absl::ConsumeSuffix(&header, "}")) return false;
  const absl::string_view first = Take(header, ',');
  int64_t numbers[2];
  if (!ParseInteger(first, &numbers[0]) || !ParseInteger(header, &numbers[1])) return false;
  if (numbers[0] <= 0 || numbers[1] < 0) return false;
  *title = static_cast<size_t>(numbers[0]);
  *text = static_cast<size_t>(numbers[1]);
  return true;
}

// An unusable optional field of an event is as if it were not there, as the Agent has it.
void ParseEventField(absl::string_view field, SentEvent& event) {
  int64_t seconds = 0;
  if (absl::ConsumePrefix(&field, "d:")) {
    if (ParseInteger(field, &seconds)) event.time_ms = MillisOfSeconds(seconds);
  } else if (absl::ConsumePrefix(&field, "h:")) {
    event.host = field;
  } else if (absl::ConsumePrefix(&field, "p:")) {
    if (field == "low" || field == "normal") event.priority = field;
  } else if (absl::ConsumePrefix(&field, "s:")) {
    event.source = field;
  } else if (absl::ConsumePrefix(&field, "t:")) {
    if (field == "error" || field == "warning" || field == "info" || field == "success")
      event.alert_type = field;
  } else if (absl::ConsumePrefix(&field, "#")) {
    ParseTags(field, event.tags);
  }
}

}  // namespace

const char* StatsdProblemName(StatsdProblem problem) {
  switch (problem) {
    case StatsdProblem::kNone:
      return "none";
    case StatsdProblem::kFormat:
      return "format";
    case StatsdProblem::kType:
      return "type";
    case StatsdProblem::kValue:
      return "value";
    case StatsdProblem::kSampleRate:
      return "sample_rate";
    case StatsdProblem::kTimestamp:
      return "timestamp";
    case StatsdProblem::kEvent:
      return "event";
    case StatsdProblem::kServiceCheck:
      return "service_check";
  }
  return "unknown";
}

StatsdProblem StatsdMessage::Parse(absl::string_view line) {
  if (absl::StartsWith(line, "_e{")) return ParseEvent(line);
  if (absl::StartsWith(line, "_sc")) return ParseServiceCheck(line);
  return ParseMetric(line);
}

StatsdProblem StatsdMessage::ParseMetric(absl::string_view line) {
  kind = Kind::kMetric;
  metric.sample_rate = 1;
  metric.tags.clear();
  metric.values.clear();
  metric.set_value = {};
  metric.time_s.reset();
  if (!absl::StrContains(line, '|')) return StatsdProblem::kFormat;
  absl::string_view values = Take(line, '|');
  metric.name = Take(values, ':');
  if (metric.name.empty() || values.empty()) return StatsdProblem::kFormat;
  const auto type = TypeOf(Take(line, '|'));
  if (!type) return StatsdProblem::kType;
  metric.type = *type;
  if (const auto problem = ParseValues(values); problem != StatsdProblem::kNone) return problem;
  while (!line.empty()) {
    const auto problem = ParseMetricField(Take(line, '|'));
    if (problem != StatsdProblem::kNone) return problem;
  }
  return StatsdProblem::kNone;
}

StatsdProblem StatsdMessage::ParseValues(absl::string_view text) {
  if (metric.type == StatsdType::kSet) {
    metric.set_value = text;
    return StatsdProblem::kNone;
  }
  while (!text.empty()) {
    const absl::string_view value = Take(text, ':');
    if (value.empty()) continue;
    double number = 0;
    if (!ParseNumber(value, &number)) return StatsdProblem::kValue;
    metric.values.push_back(number);
  }
  return metric.values.empty() ? StatsdProblem::kValue : StatsdProblem::kNone;
}

StatsdProblem StatsdMessage::ParseMetricField(absl::string_view field) {
  if (absl::ConsumePrefix(&field, "#")) {
    ParseTags(field, metric.tags);
  } else if (absl::ConsumePrefix(&field, "@")) {
    const bool usable = ParseNumber(field, &metric.sample_rate) && metric.sample_rate > 0 &&
                        metric.sample_rate <= 1;
    if (!usable) return StatsdProblem::kSampleRate;
  } else if (absl::ConsumePrefix(&field, "T")) {
    int64_t seconds = 0;
    const bool allowed = metric.type == StatsdType::kGauge || metric.type == StatsdType::kCount;
    if (!ParseInteger(field, &seconds) || seconds <= 0 || !allowed)
      return StatsdProblem::kTimestamp;
    metric.time_s = seconds;
  }
  return StatsdProblem::kNone;
}

StatsdProblem StatsdMessage::ParseEvent(absl::string_view line) {
  kind = Kind::kEvent;
  event = SentEvent{.tags = std::move(event.tags)};
  event.tags.clear();
  const size_t colon = line.find(':');
  size_t title = 0, text = 0;
  if (colon == absl::string_view::npos ||
      !ParseEventLengths(line.substr(0, colon), &title, &text)) {
    return StatsdProblem::kEvent;
  }
  absl::string_view rest = line.substr(colon + 1);
  if (title >= rest.size() || rest[title] != '|' || text > rest.size() - title - 1)
    return StatsdProblem::kEvent;
  rest.remove_prefix(title + 1 + text);
  if (!rest.empty() && !absl::ConsumePrefix(&rest, "|")) return StatsdProblem::kEvent;
  while (!rest.empty()) ParseEventField(Take(rest, '|'), event);
  return StatsdProblem::kNone;
}

// The message may stand anywhere, and clients write fields behind it.
StatsdProblem StatsdMessage::ParseServiceCheck(absl::string_view line) {
  kind = Kind::kServiceCheck;
  check = SentCheck{.tags = std::move(check.tags)};
  check.tags.clear();
  if (Take(line, '|') != "_sc") return StatsdProblem::kServiceCheck;
  check.name = Take(line, '|');
  if (check.name.empty() || !ParseInteger(Take(line, '|'), &check.status))
    return StatsdProblem::kServiceCheck;
  if (check.status < 0 || check.status > 3) return StatsdProblem::kServiceCheck;
  while (!line.empty()) {
    absl::string_view field = Take(line, '|');
    int64_t seconds = 0;
    if (absl::ConsumePrefix(&field, "d:")) {
      if (!ParseInteger(field, &seconds)) return StatsdProblem::kServiceCheck;
      check.time_ms = MillisOfSeconds(seconds);
    } else if (absl::ConsumePrefix(&field, "h:")) {
      check.host = field;
    } else if (absl::ConsumePrefix(&field, "#")) {
      ParseTags(field, check.tags);
    }
  }
  return StatsdProblem::kNone;
}

}  // namespace tocsin::datadog
