// Alerts over rows that are appended and renumbered: each keeps its own, found by its labels.
#include "engine/alerts/rule_alerts.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/query/operator.h"

namespace tocsin::engine {
namespace {

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

Labels Host(int number) {
  return {{"host", absl::StrCat("h", number)}};
}

// Says how often it was expanded.
class CountingTemplate final : public templates::Template {
 public:
  absl::StatusOr<std::string> Expand(const templates::TemplateData&) const override {
    ++expansions;
    return std::string("platform");
  }
  std::vector<std::string> Queries() const override { return {}; }
  bool LooksAtEvidence() const override { return false; }
  mutable int expansions = 0;
};

// Rows with labels, not evaluated.
class Labelled final : public Operator {
 public:
  Labelled() : Operator({}) {}
  void SetLabels(std::vector<Labels> labels) {
    labels_ = std::move(labels);
    rows_ = labels_.size();
  }
  Labels LabelsOf(size_t row) const override { return labels_[row]; }

 protected:
  bool Index() override { return false; }
  absl::Status Compute(int64_t) override { return absl::OkStatus(); }

 private:
  std::vector<Labels> labels_;
};

// A result as the engine hands it out, put together by hand.
class Rows {
 public:
  void Append(const Labels& labels, double value) {
    labels_.push_back(labels);
    values_.push_back(value);
  }
  void Set(size_t row, double value) { values_[row] = value; }
  void Show(size_t row, bool present) { hidden_[row] = !present; }
  void Renumber(std::vector<Labels> labels, std::vector<double> values) {
    labels_ = std::move(labels);
    values_ = std::move(values);
    hidden_.clear();
    ++result_.layout;
  }
  const QueryResult& Result() {
    frame_.Reset(labels_.size());
    for (size_t row = 0; row < labels_.size(); ++row) {
      if (!hidden_[row]) frame_.Set(row, values_[row]);
    }
    labelled_.SetLabels(labels_);
    result_.labels = &row_labels_;
    result_.frame = &frame_;
    return result_;
  }

 private:
  Labelled labelled_;
  const RowLabels row_labels_{&labelled_};
  std::vector<Labels> labels_;
  std::vector<double> values_;
  std::map<size_t, bool> hidden_;
  Frame frame_;
  QueryResult result_;
};

class RuleAlertsTest : public ::testing::Test {
 protected:
  // Evaluates one second later and settles what changed. Returns the number of changes.
  size_t Step(RuleAlerts& alerts) {
    now_ = now_ + absl::Seconds(1);
    AlertEvaluation evaluation;
    evaluation.result = &rows_.Result();
    evaluation.now = now_;
    auto changes = alerts.Evaluate(evaluation);
    EXPECT_TRUE(changes.ok()) << changes.status();
    if (!changes.ok()) return 0;
    for (const AlertChange& change : *changes) alerts.Settle(change);
    return changes->size();
  }
  // "h1 firing, h2 pending"
  static std::string States(const RuleAlerts& alerts) {
    std::map<std::string, std::string> states;
    alerts.ForEach([&](const AlertInstance& alert) {
      const char* phase = alert.state.phase == rules::AlertPhase::kFiring    ? "firing"
                          : alert.state.phase == rules::AlertPhase::kPending ? "pending"
                                                                             : "ok";
      states[std::string(alert.result_labels.Get("host"))] = phase;
    });
    std::string text;
    for (const auto& [host, state] : states) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", host, " ", state);
    }
    return text;
  }

  std::unique_ptr<RuleAlerts> Monitor(absl::Duration for_duration) {
    monitor_.name = "high";
    monitor_.query.text = "x";
    monitor_.threshold.critical = rules::Condition{rules::CompareOp::kGreater, 10};
    monitor_.for_duration = for_duration;
    return MakeMonitorAlerts(monitor_, /*models=*/nullptr, 1000);
  }
  std::unique_ptr<RuleAlerts> Prometheus() {
    rule_.name = "High";
    rule_.query.text = "x > 10";
    rule_.labels = {{"team", {"{{ $labels.host }}", team_}}};
    return MakePrometheusAlerts(rule_, "high", 0, 10'000);
  }

  Timestamp now_ = kStart;
  Rows rows_;
  rules::Monitor monitor_;
  rules::AlertRule rule_;
  const std::shared_ptr<CountingTemplate> team_ = std::make_shared<CountingTemplate>();
};

TEST_F(RuleAlertsTest, MonitorsAlertsFollowRenumberedRows) {
  const auto alerts = Monitor(absl::Seconds(3));
  for (int host : {1, 2, 3}) rows_.Append(Host(host), host == 2 ? 5 : 20);
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 pending, h3 pending");
  rows_.Append(Host(4), 30);
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 pending, h3 pending, h4 pending");
  // h1 is gone and left as it was, the others have other numbers and go on counting.
  rows_.Renumber({Host(4), Host(2), Host(3)}, {30, 20, 20});
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 pending, h2 pending, h3 pending, h4 pending");
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 pending, h2 pending, h3 firing, h4 pending");
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 pending, h2 pending, h3 firing, h4 firing");
}

TEST_F(RuleAlertsTest, RowThatComesBackUnderAnotherNumberFindsItsAlert) {
  const auto alerts = Monitor(absl::ZeroDuration());
  rows_.Append(Host(1), 20);
  rows_.Append(Host(2), 1);
  Step(*alerts);
  rows_.Renumber({Host(2)}, {1});
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 firing");  // kept: no_data says nothing
  rows_.Append(Host(1), 21);
  EXPECT_EQ(Step(*alerts), 1u);  // no longer absent
  EXPECT_EQ(States(*alerts), "h1 firing");
  rows_.Set(1, 1);
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "");  // fine, and forgotten
  rows_.Set(1, 20);
  Step(*alerts);
  EXPECT_EQ(States(*alerts), "h1 firing");
}

TEST_F(RuleAlertsTest, AppendedRowsAloneAreExpanded) {
  const auto alerts = Prometheus();
  for (int host = 0; host < 500; ++host) rows_.Append(Host(host), 20);
  Step(*alerts);
  EXPECT_EQ(team_->expansions, 500);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) rows_.Append(Host(500 + round * 3 + i), 20);
    Step(*alerts);
    EXPECT_EQ(team_->expansions, 500 + (round + 1) * 3);
  }
  rows_.Renumber({Host(7), Host(9)}, {20, 20});
  Step(*alerts);
  EXPECT_EQ(team_->expansions, 532);
}

// The name is no part of a Prometheus alert's labels: both rows are the same alert, one after the
// other. When it is dropped, neither may lead to it any more.
TEST_F(RuleAlertsTest, AlertOfTwoRowsIsForgottenByBoth) {
  const auto alerts = Prometheus();
  const auto named = [](const char* name) { return Labels{{"__name__", name}, {"host", "h1"}}; };
  rows_.Append(named("x"), 20);
  rows_.Append(named("y"), 20);
  const auto show = [&](bool x, bool y) {
    rows_.Show(0, x);
    rows_.Show(1, y);
    Step(*alerts);
  };
  show(true, false);
  show(false, true);
  EXPECT_EQ(alerts->size(), 1u);
  EXPECT_EQ(States(*alerts), "h1 firing");
  for (int minutes = 0; minutes < 20 && alerts->size() > 0; ++minutes) {
    now_ = now_ + absl::Minutes(1);
    show(false, false);
  }
  EXPECT_EQ(alerts->size(), 0u);
  show(true, false);
  EXPECT_EQ(States(*alerts), "h1 firing");
  show(false, true);
  EXPECT_EQ(States(*alerts), "h1 firing");
}

}  // namespace
}  // namespace tocsin::engine
