#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "rules/diagnostic.h"
#include "rules/log_metric.h"
#include "rules/page_options.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"
#include "rules/templates/template.h"

// What rule files say, checked and parsed. Plain data, immutable once loaded; shared by the shards
// as `std::shared_ptr<const RuleSet>`.
namespace tocsin::rules {

struct Query {
  std::string text;                          // as written
  std::shared_ptr<const promql::Expr> expr;  // spans refer to `text`
  SourcePosition position;                   // of the first character of the text
  promql::ExprSize size;                     // of `expr`
};

// A template string with the text it was parsed from.
struct TemplatedText {
  std::string text;
  std::shared_ptr<const templates::Template> compiled;
};
using TemplatedMap = std::vector<std::pair<std::string, TemplatedText>>;  // in order of name

enum class CompareOp { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual, kNotEqual };
// "> 900"
struct Condition {
  CompareOp op = CompareOp::kGreater;
  double bound = 0;
  bool Holds(double value) const;  // NaN holds for != only
  std::string ToString() const;    // "> 900"
};

// One of a native monitor's levels. Severity in labels and pages: "warning", "critical".
enum class Level : uint8_t { kOk = 0, kWarning = 1, kCritical = 2 };
const char* LevelName(Level level);  // "ok", "warning", "critical"

struct Threshold {
  std::optional<Condition> critical;  // at least one of critical and warning
  std::optional<Condition> warning;
  // What must hold to leave a level; absent: the negation of the level's own condition.
  std::optional<Condition> critical_recovery;
  std::optional<Condition> warning_recovery;
};

struct NoData {
  enum class As : uint8_t { kKeep, kOk, kWarning, kCritical };
  As as = As::kKeep;
  absl::Duration after;  // since the newest sample the row was computed from
  absl::Duration forget_after = absl::Hours(24);  // kKeep: then the alert is dropped
};

struct Anomaly;
struct Composite;

// A native `monitors:` entry.
struct Monitor {
  std::string name;  // unique over all files
  // Null for others. A composite monitor has no query; its value is its level as a number (0, 1,
  // 2), and its threshold says so.
  std::shared_ptr<const Composite> composite;
  // Null for others. The value of an anomaly monitor's rows, as its threshold sees them, is their
  // level as a number.
  std::shared_ptr<const Anomaly> anomaly;
  Query query;
  Threshold threshold;
  absl::Duration for_duration;
  absl::Duration keep_firing_for;
  std::optional<NoData> no_data;
  bool shadow = false;  // evaluated, shown and recorded, never paged
  TemplatedMap labels;
  TemplatedMap annotations;
  PageOptions page;
  SourcePosition position;
};

// A Prometheus rule.
struct AlertRule {
  std::string name;
  Query query;
  absl::Duration for_duration;
  absl::Duration keep_firing_for;
  TemplatedMap labels;  // group labels merged below the rule's own
  TemplatedMap annotations;
  SourcePosition position;
};
struct RecordRule {
  std::string name;
  Query query;
  std::vector<std::pair<std::string, std::string>> labels;
  SourcePosition position;
};
using GroupRule = std::variant<AlertRule, RecordRule>;

struct Group {
  std::string name;
  std::string file;                        // identity is file and name
  std::optional<absl::Duration> interval;  // absent: the configuration's evaluation.interval
  std::optional<absl::Duration> query_offset;
  size_t limit = 0;  // 0: none
  std::vector<GroupRule> rules;
  SourcePosition position;
};

struct RuleSet {
  std::vector<Group> groups;
  std::vector<Monitor> monitors;
  std::vector<LogMetric> log_metrics;
  std::string revision;  // hex hash over all files' contents
};

}  // namespace tocsin::rules
