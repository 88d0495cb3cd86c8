#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/promqltest/script.h"
#include "tests/promqltest/subject.h"

namespace tocsin::promqltest {

struct Failure {
  std::string where;  // file:line
  std::string reason;
};

// Sums over scripts.
struct Report {
  int evals = 0;
  int passed = 0;
  std::vector<Failure> failures;         // one per failed evaluation, in order
  std::map<std::string, int> by_reason;  // their number per kind of reason
  std::vector<Failure> successes;        // where and expression, for -v
};

// Runs scripts on a subject as Prometheus' own harness does: 5m lookback, 1m subquery steps,
// delayed name removal, experimental syntax. Each instant evaluation is repeated as the middle of
// three steps and, unless its functions read the evaluation time, with `@ t` on its selectors at
// other times; it passes if all of these agree.
class Runner {
 public:
  explicit Runner(Subject& subject) : subject_(subject) {}

  // Starts with empty storage. Errors: NotFound, or InvalidArgument "file:line: ..." if the script
  // cannot be read.
  absl::Status RunFile(const std::string& path, Report* report);
  absl::Status RunScript(const std::string& name, const std::string& text, Report* report);

 private:
  void Run(const Load& load);
  std::string Run(const Eval& eval);
  std::string RunRange(const Eval& eval, const promql::Expr& expr);
  std::string RunInstant(const Eval& eval, const promql::Expr& expr);
  std::string RepeatAsRange(const Eval& eval, const promql::Expr& expr);
  std::string RepeatPinned(const Eval& eval);
  std::string UnsupportedSeries(const promql::Expr& expr) const;
  void Add(const Labels& labels, absl::Duration step, const notation::Values& values);

  Subject& subject_;
  std::set<Labels> with_start_timestamps_;
};

}  // namespace tocsin::promqltest
