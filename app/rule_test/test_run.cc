#include "app/rule_test/test_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/rule_test/alert_check.h"
#include "app/rule_test/expr_check.h"
#include "rules/promql/printer.h"
#include "rules/promql/quote.h"

namespace tocsin::app {
namespace {

engine::VirtualShardOptions ShardOptionsOf(const rules::RuleTestFile& file,
                                           const rules::RuleTest& test, Lookback lookback) {
  engine::VirtualShardOptions options;
  options.start = test.start;
  options.interval = file.evaluation_interval;
  // Instants are milliseconds: one more takes the edge in.
  if (lookback == Lookback::kPrometheus2) options.lookback += absl::Milliseconds(1);
  options.external_labels = test.external_labels;
  options.external_url = test.external_url;
  return options;
}

std::string TimeText(absl::Duration span) {
  return absl::StrCat("time: ", promql::PrintDuration(span));
}

}  // namespace

TestRun::TestRun(const rules::RuleTestFile& file, const rules::RuleTest& test,
                 std::shared_ptr<const rules::RuleSet> rules, Lookback lookback)
    : file_(file),
      test_(test),
      rules_(std::move(rules)),
      shard_(ShardOptionsOf(file, test, lookback)),
      end_(test.LatestCase()) {}

TestOutcome TestRun::Run(std::string name) {
  outcome_.name = std::move(name);
  outcome_.cases = test_.alert_cases.size() + test_.expr_cases.size();
  if (Prepare() && CheckAlertCases() && AdvanceTo(end_)) CheckExprCases();
  return std::move(outcome_);
}

void TestRun::Fail(const rules::SourcePosition& position, std::string what,
                   std::vector<std::string> detail) {
  outcome_.failures.push_back({position, std::move(what), std::move(detail)});
}

// A series that is given twice is what it was given last.
bool TestRun::Prepare() {
  const absl::Status installed = shard_.Install(rules_);
  if (!installed.ok()) {
    Fail(test_.position, "rules cannot run", {std::string(installed.message())});
    return false;
  }
  for (const rules::InputSeries& series : test_.input) {
    const auto ref = shard_.Resolve(series.labels);
    if (!ref.ok()) {
      Fail(series.position, "input series", {std::string(ref.status().message())});
      return false;
    }
    input_[*ref] = &series.values;
    steps_ = std::max(steps_, series.values.size());
  }
  return true;
}

// Without monitors nothing looks at samples after the last evaluation, and to promtool they are not
// there.
absl::Duration TestRun::InputEnd() const {
  if (!rules_->monitors.empty()) return end_;
  return absl::Floor(end_, file_.evaluation_interval);
}

bool TestRun::Feed(absl::Duration until) {
  for (; next_step_ < steps_; ++next_step_) {
    const absl::Duration span = test_.interval * static_cast<int64_t>(next_step_);
    if (span > until) return true;
    const Timestamp at = test_.start + span;
    SampleBatch batch;
    for (const auto& [ref, values] : input_) {
      if (next_step_ >= values->size() || !(*values)[next_step_]) continue;
      const notation::Value& value = *(*values)[next_step_];
      if (value.histogram != nullptr) {
        batch.Add(ref, at.millis(), value.histogram);
      } else {
        batch.Add(ref, at.millis(), value.number);
      }
    }
    shard_.Arrive(at, std::move(batch));
    if (!shard_.failures().empty()) return false;
  }
  return true;
}

bool TestRun::AdvanceTo(absl::Duration span) {
  if (Feed(std::min(span, InputEnd()))) shard_.RunTo(test_.start + span);
  for (const engine::RuleFailure& failure : shard_.failures()) {
    Fail(test_.position,
         absl::StrCat("rule: ", failure.rule, ", ", TimeText(failure.at - test_.start)),
         {absl::StrCat("err: ", failure.error)});
  }
  return shard_.failures().empty();
}

bool TestRun::CheckAlertCases() {
  std::vector<const rules::AlertCase*> by_time;
  for (const rules::AlertCase& one : test_.alert_cases) by_time.push_back(&one);
  std::stable_sort(by_time.begin(), by_time.end(),
                   [](const auto* a, const auto* b) { return a->eval_time < b->eval_time; });
  for (const rules::AlertCase* one : by_time) {
    if (!AdvanceTo(one->eval_time)) return false;
    auto difference = CheckAlerts(*one, shard_.shard());
    if (difference.empty()) continue;
    Fail(one->position, absl::StrCat("alertname: ", one->alertname, ", ", TimeText(one->eval_time)),
         std::move(difference));
  }
  return true;
}

void TestRun::CheckExprCases() {
  for (const rules::ExprCase& one : test_.expr_cases) {
    const std::string what =
        absl::StrCat("expr: ", promql::Quote(one.query.text), ", ", TimeText(one.eval_time));
    const auto result = shard_.Query(*one.query.expr, test_.start + one.eval_time);
    if (!result.ok()) {
      Fail(one.position, what, {absl::StrCat("err: ", result.status().message())});
      continue;
    }
    auto difference = CheckSamples(one, *result, file_.fuzzy_compare);
    if (!difference.empty()) Fail(one.position, what, std::move(difference));
  }
}

}  // namespace tocsin::app
