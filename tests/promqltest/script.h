#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "rules/notation.h"

// The statements of a promqltest script, the format of Prometheus' own PromQL evaluation scripts:
//
//   load 5m
//     requests{job="a"} 0+10x10
//   eval instant at 50m sum(requests)
//     {} 100
//   eval range from 0 to 10m step 5m requests
//     requests{job="a"} 0 10 20
//   clear
//
// A blank line or a comment ends a block. A line `series@st offset ...` before a series gives its
// start timestamps, a line `@st offset ...` those of all series behind it in the block. They are
// not supported: that is noted of the series, and the evaluations in which they could matter fail
// with that reason.
namespace tocsin::promqltest {

struct LoadedSeries {
  Labels labels;
  notation::Values values;
  bool has_start_timestamps = false;
};

struct Load {
  absl::Duration step;
  std::vector<LoadedSeries> series;
  bool with_native = false;  // load_with_nhcb: classic histograms also as native ones
};

struct Clear {};

struct Steps {
  Timestamp start;
  Timestamp end;
  absl::Duration step;
};

// `expect fail|warn|info [msg: text|regex: text]`, `expect no_warn|no_info`.
struct Expectation {
  enum class Kind { kFail, kWarn, kInfo, kNoWarn, kNoInfo };
  enum class Match { kAnything, kText, kRegex };
  Kind kind = Kind::kFail;
  Match match = Match::kAnything;
  std::string text;
};

struct ExpectedRow {
  bool is_number = false;  // a bare number: the result is a scalar
  Labels labels;
  notation::Values values;
};

struct Eval {
  int line = 0;
  std::string expr;
  std::optional<Timestamp> instant;
  std::optional<Steps> range;  // exactly one of the two
  std::vector<Expectation> expectations;
  bool ordered = false;
  std::optional<std::string> text;    // expect string
  std::optional<Steps> range_vector;  // expect range vector
  std::vector<ExpectedRow> rows;
};

using Statement = std::variant<Load, Clear, Eval>;

// InvalidArgument "line N: ..." for what is not in the grammar.
absl::StatusOr<std::vector<Statement>> ParseScript(absl::string_view script);

// "5m", "1h30m", "-10s", "0", plain numbers as seconds.
absl::StatusOr<absl::Duration> ParseScriptDuration(absl::string_view text);

}  // namespace tocsin::promqltest
