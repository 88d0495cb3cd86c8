#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/rule_test/outcome.h"
#include "engine/virtual_shard.h"
#include "rules/rule.h"
#include "rules/rule_test_file.h"

namespace tocsin::app {

// How old the newest sample may be that an instant selector takes: less than 5 minutes, or exactly
// 5 minutes too. The latter is the rule of Prometheus 2, and of tests that were written for it.
enum class Lookback { kPrometheus3, kPrometheus2 };

// Plays one entry of `tests` on a shard in virtual time. Groups are evaluated at the start and at
// each evaluation interval, monitors when their samples arrive and when time alone changes them.
// Alerts are looked at as they are at a case's time, expressions are evaluated after all of it, as
// promtool does. A rule that fails ends the test.
//
//
// Borrows the file, the test and the rules. To be run once.
class TestRun {
 public:
  TestRun(const rules::RuleTestFile& file, const rules::RuleTest& test,
          std::shared_ptr<const rules::RuleSet> rules, Lookback lookback);

  // `name` goes into the outcome.
  TestOutcome Run(std::string name);

 private:
  bool Prepare();
  bool Feed(absl::Duration until);
  bool AdvanceTo(absl::Duration span);
  bool CheckAlertCases();
  void CheckExprCases();
  void Fail(const rules::SourcePosition& position, std::string what,
            std::vector<std::string> detail);
  // The time after which no more samples are taken.
  absl::Duration InputEnd() const;

  const rules::RuleTestFile& file_;
  const rules::RuleTest& test_;
  const std::shared_ptr<const rules::RuleSet> rules_;
  engine::VirtualShard shard_;
  const absl::Duration end_;  // the latest time of a case
  std::map<SeriesRef, const notation::Values*> input_;
  size_t steps_ = 0;  // of the longest series
  size_t next_step_ = 0;
  TestOutcome outcome_;
};

}  // namespace tocsin::app
