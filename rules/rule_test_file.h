#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "rules/diagnostic.h"
#include "rules/notation.h"
#include "rules/rule.h"
#include "rules/rule_file.h"

// Unit tests of rules as files: the format of `promtool test rules`, unchanged, with `state` in
// exp_alerts as the only addition. Instants are spans since the start of the test.
namespace tocsin::rules {

using TextMap = std::map<std::string, std::string>;

struct InputSeries {
  Labels labels;
  notation::Values values;  // one per `interval` of the test, as far as its cases look
  SourcePosition position;
};

struct ExpectedAlert {
  TextMap labels;  // with alertname
  TextMap annotations;
  // "pending", "firing", or of a monitor "warning", "critical", "no_data"; absent: not looked at.
  std::optional<std::string> state;
};

// Which alerts of one name fire at a time.
struct AlertCase {
  std::string alertname;  // or the name of a monitor
  absl::Duration eval_time;
  std::vector<ExpectedAlert> alerts;
  SourcePosition position;
};

struct ExpectedSample {
  Labels labels;
  double value = 0;        // of a histogram 0
  HistogramPtr histogram;  // null: a float
};

// What an expression gives at a time.
struct ExprCase {
  Query query;
  absl::Duration eval_time;
  std::vector<ExpectedSample> samples;
  SourcePosition position;
};

// One entry of `tests`: a world of its own.
struct RuleTest {
  std::string name;         // may be empty
  absl::Duration interval;  // between the values of input series, > 0
  std::vector<InputSeries> input;
  std::vector<AlertCase> alert_cases;
  std::vector<ExprCase> expr_cases;
  Labels external_labels;
  std::string external_url;
  Timestamp start;  // of all spans; the epoch by default
  SourcePosition position;

  absl::Duration LatestCase() const;  // its eval_time
};

struct RuleTestFile {
  struct Pattern {
    std::string text;  // relative to the folder of the file
    SourcePosition position;
  };
  std::string path;
  std::vector<Pattern> rule_files;
  absl::Duration evaluation_interval = absl::Minutes(1);  // > 0
  std::vector<std::string> group_eval_order;              // each name once
  bool fuzzy_compare = false;  // neighbouring floating-point numbers are equal
  std::vector<RuleTest> tests;
};

// Reads a test file; what is wrong is appended to `findings`, and the result is then not to be
// used. Of `options`, `unsupported`, `parse` and the limits of a file count. Pure; thread: any.
RuleTestFile ParseRuleTestFile(const RuleFile& file, const LoadOptions& options,
                               std::vector<Diagnostic>& findings);

}  // namespace tocsin::rules
