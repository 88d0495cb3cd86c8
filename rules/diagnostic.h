#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tocsin::rules {

// Where something stands in a rule file; line and column are 1-based, columns count code points.
// Line 0: the file as a whole.
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Severity { kError, kWarning, kInfo };
const char* SeverityName(Severity severity);  // "error", "warning", "info"

// What a finding is about. The numbers are for users to look up and to filter by: never reuse one.
namespace code {
inline constexpr char kUnreadable[] = "TC001";  // file cannot be read
inline constexpr char kYaml[] = "TC002";        // not valid YAML
inline constexpr char kLimit[] = "TC003";       // too large, too deep, too many
inline constexpr char kDuplicateKey[] = "TC004";
inline constexpr char kUnknownKey[] = "TC005";
inline constexpr char kWrongType[] = "TC006";
inline constexpr char kMissingKey[] = "TC007";
inline constexpr char kBadValue[] = "TC008";  // duration, name, condition ...
inline constexpr char kDuplicateName[] = "TC009";
inline constexpr char kPromql[] = "TC010";  // expression does not parse or type-check
inline constexpr char kTemplate[] = "TC011";
inline constexpr char kUnsupported[] = "TC012";  // understood, but "not supported yet"
inline constexpr char kUnreachable[] = "TC013";  // threshold that can never apply
inline constexpr char kConflict[] = "TC014";     // keys that exclude each other
inline constexpr char kComposite[] = "TC015";    // composite monitor: expression or members
// Lint.
inline constexpr char kMoreDocuments[] = "TC050";
inline constexpr char kValueInLabel[] = "TC051";    // $value in a label: a new alert at each change
inline constexpr char kNoSeverity[] = "TC052";      // alert rule without a severity label
inline constexpr char kFilteringQuery[] = "TC053";  // monitor query that drops rows by comparison
// Unit tests of rules.
inline constexpr char kOldLookback[] = "TC060";  // passes by the lookback of Prometheus 2 only
}  // namespace code

// One finding about a rule file.
struct Diagnostic {
  SourcePosition position;
  Severity severity = Severity::kError;
  std::string message;  // one sentence, without a full stop
  const char* code = "";
  std::string hint;  // what to do about it; may be empty
};

// `file:line:column: level: message [code]`, and the hint on a second, indented line. No trailing
// newline.
std::string FormatDiagnostic(const Diagnostic& diagnostic);

// The candidate that `word` was probably meant to be; empty if none is close.
std::string ClosestWord(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace tocsin::rules
