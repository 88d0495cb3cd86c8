// What a page tells besides its alert: asked for when it opens or gets worse, and kept with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/rule_file.h"
#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Says one line, whatever it is asked, and remembers the questions as "row: metric metric"; with
// "[label]" where what was selected of a recorded series counts.
class FakeEvidence : public EvidenceSource {
 public:
  std::vector<state::v1::PageEvidence> Find(const EvidenceQuestion& question,
                                            size_t& series_left) const override {
    std::string text = question.selectors.at(0).row.ToString() + ":";
    for (const EvidenceSelector& selector : question.selectors) {
      EXPECT_EQ(selector.row, question.selectors[0].row);
      for (const auto& matcher : selector.need.matchers) {
        if (matcher.name == kMetricName) absl::StrAppend(&text, " ", matcher.value);
      }
      for (const auto& matcher : selector.matchers) absl::StrAppend(&text, "[", matcher.name, "]");
    }
    questions.push_back(text);
    series_left -= std::min(series_left, looks_at);
    if (says.empty()) return {};
    state::v1::PageEvidence evidence;
    evidence.set_text(says);
    evidence.set_trace_id("t-" + says);
    return {evidence};
  }

  std::string says = "first";
  size_t looks_at = 1;
  mutable std::vector<std::string> questions;
};

constexpr char kRules[] = R"(
monitors:
- {name: full, query: "sum by (x) (fill) / on (x) room", threshold: {warning: "> 5", critical: "> 8"}}
)";

Labels Fill(const std::string& x) {
  return Labels{{"__name__", "fill"}, {"x", x}};
}

class ShardEvidenceTest : public ::testing::Test {
 protected:
  void Send(const std::string& x, double value, int64_t second) {
    rig_.Send(Labels{{"__name__", "room"}, {"x", x}}, 1);
    rig_.Send(Fill(x), value);
    ASSERT_TRUE(rig_.RunTo(Seconds(second)).ok());
  }
  state::v1::DesiredPage Page() {
    EXPECT_EQ(rig_.outbox().Aliases().size(), 1u);
    return rig_.outbox().Find(rig_.outbox().Aliases().at(0))->desired;
  }
  // The texts in the only page.
  std::vector<std::string> Told() {
    std::vector<std::string> texts;
    const auto page = Page();
    for (const auto& one : page.evidence()) texts.push_back(one.text());
    return texts;
  }
  // The annotation `said` of the only page.
  std::string Said() { return Page().annotations().at("said"); }
  // The same of the alerts of the first monitor and the first rule.
  std::vector<std::string> Shown() {
    std::vector<std::string> texts;
    const auto look = [&](const RuleRuntime& rule) {
      rule.alerts->ForEach(
          [&](const AlertInstance& alert) { texts.push_back(alert.annotations.at("said")); });
    };
    for (const auto& group : rig_.shard().groups()) look(*group.rules[0]);
    for (const auto& monitor : rig_.shard().monitors()) look(*monitor.rule);
    return texts;
  }

  FakeEvidence source_;
  ShardRig rig_{Limits(), &source_};
};

TEST_F(ShardEvidenceTest, APageIsAskedForByItsRulesSelectorsAndItsRow) {
  ASSERT_TRUE(rig_.Install(kRules).ok());
  Send("a", 3, 1);
  EXPECT_THAT(source_.questions, IsEmpty()) << "nothing pages";
  Send("a", 6, 2);
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: fill room"));
  EXPECT_THAT(Told(), ElementsAre("first"));
}

TEST_F(ShardEvidenceTest, ItStaysUntilThePageGetsWorse) {
  ASSERT_TRUE(rig_.Install(kRules).ok());
  Send("a", 6, 1);
  source_.says = "second";
  Send("a", 7, 2);
  EXPECT_THAT(source_.questions, SizeIs(1)) << "an open page is not asked for again";
  Send("a", 9, 3);
  EXPECT_THAT(Told(), ElementsAre("second"));
  source_.says = "third";
  Send("a", 6, 4);
  EXPECT_THAT(Told(), ElementsAre("second")) << "better is no news";
  source_.says = "";
  Send("a", 9, 5);
  EXPECT_THAT(Told(), ElementsAre("second")) << "what is known is more than nothing";
  Send("a", 0, 6);
  EXPECT_EQ(rig_.PageOf("x", "a"), "closed");
  EXPECT_THAT(Told(), ElementsAre("second")) << "a close is told with what was opened";
  Send("a", 6, 7);
  EXPECT_THAT(Told(), IsEmpty()) << "of another episode";
}

TEST_F(ShardEvidenceTest, ARestartKeepsIt) {
  ASSERT_TRUE(rig_.Install(kRules).ok());
  Send("a", 6, 1);
  source_.says = "second";
  rig_.Reboot(Seconds(1));
  ASSERT_TRUE(rig_.RunTo(Seconds(5)).ok());
  EXPECT_EQ(rig_.PageOf("x", "a"), "open");
  EXPECT_THAT(Told(), ElementsAre("first"));
  EXPECT_THAT(source_.questions, SizeIs(1));
}

TEST_F(ShardEvidenceTest, AMonitorThatLeavesShadowModeHasSome) {
  const std::string rules = kRules;
  ASSERT_TRUE(
      rig_.Install(std::string(rules).replace(rules.find("name:"), 5, "mode: shadow, name:")).ok());
  Send("a", 6, 1);
  EXPECT_THAT(source_.questions, IsEmpty());
  ASSERT_TRUE(rig_.Install(rules).ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(2)).ok());
  EXPECT_THAT(Told(), ElementsAre("first"));
}

TEST_F(ShardEvidenceTest, RulesOfPrometheusAreAskedForAlike) {
  ASSERT_TRUE(rig_.Install(R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: Full, expr: max by (x) (fill) > 5, labels: {y: "z"}}
)")
                  .ok());
  rig_.Send(Fill("a"), 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(2)).ok());
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: fill")) << "the row, not the alert";
  EXPECT_THAT(Told(), ElementsAre("first"));
}

TEST_F(ShardEvidenceTest, ACompositeMonitorIsAskedForByItsMembersQueries) {
  ASSERT_TRUE(rig_.Install(R"(
monitors:
- {name: one, query: fill, threshold: {critical: "> 5"}, mode: shadow}
- {name: two, query: spill, threshold: {critical: "> 5"}, mode: shadow}
- {name: inner, composite: one and two, mode: shadow}
- {name: both, composite: inner and one}
)")
                  .ok());
  rig_.Send(Labels{{"__name__", "spill"}, {"x", "a"}}, 6);
  rig_.Send(Fill("a"), 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(2)).ok());
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: fill spill"));
}

constexpr char kOverRecorded[] = R"(
monitors:
- {name: full, query: 'sum by (x) (level:fill{level="x"})', threshold: {warning: "> 5", critical: "> 8"}}
)";
constexpr char kRecords[] = R"(
groups:
- name: records
  interval: 1s
  rules:
  - {record: level:fill, expr: max by (x) (room), labels: {level: x}}
)";

TEST_F(ShardEvidenceTest, ARuleOverARecordedSeriesIsAskedForByWhatItIsRecordedFrom) {
  ASSERT_TRUE(rig_.Install(std::string(kOverRecorded) + kRecords).ok());
  rig_.Send(Labels{{"__name__", "room"}, {"x", "a"}}, 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(5)).ok());
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: level:fill room"));
}

TEST_F(ShardEvidenceTest, ReloadsBringRecordingRulesAndTakeThem) {
  const auto fill = [this](double value, int64_t second) {
    rig_.Send(Labels{{"__name__", "level:fill"}, {"x", "a"}, {"level", "x"}}, value);
    ASSERT_TRUE(rig_.RunTo(Seconds(second)).ok());
  };
  ASSERT_TRUE(rig_.Install(kOverRecorded).ok());
  fill(6, 1);
  ASSERT_TRUE(rig_.Install(std::string(kOverRecorded) + kRecords).ok());
  fill(9, 2);
  fill(0, 3);
  ASSERT_TRUE(rig_.Install(kOverRecorded).ok());
  fill(6, 4);
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: level:fill", "{x=\"a\"}: level:fill room",
                                             "{x=\"a\"}: level:fill"));
}

TEST_F(ShardEvidenceTest, RecordingRulesOfOtherShardsCount) {
  const auto loaded = rules::LoadRules({{"f.yaml", std::string(kOverRecorded) + kRecords}});
  ASSERT_TRUE(loaded.ok());
  ASSERT_TRUE(rig_.shard()
                  .Install(
                      std::make_shared<const rules::RuleSet>(loaded.rules),
                      [](const std::string& key) { return key == "monitor/full"; }, rig_.now())
                  .ok());
  ASSERT_THAT(rig_.shard().groups(), IsEmpty());
  rig_.Send(Labels{{"__name__", "level:fill"}, {"x", "a"}, {"level", "x"}}, 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(1)).ok());
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: level:fill room"));
}

TEST_F(ShardEvidenceTest, ACompositeMonitorIsAskedForByItsMembersQueriesFirst) {
  ASSERT_TRUE(rig_.Install(R"(
groups:
- name: g
  rules:
  - {record: one:fill, expr: fill}
monitors:
- {name: one, query: 'one:fill{x="a"}', threshold: {critical: "> 5"}, mode: shadow}
- {name: two, query: spill, threshold: {critical: "> 5"}, mode: shadow}
- {name: both, composite: one and two}
)")
                  .ok());
  rig_.Send(Labels{{"__name__", "spill"}, {"x", "a"}}, 6);
  rig_.Send(Labels{{"__name__", "one:fill"}, {"x", "a"}}, 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(2)).ok());
  EXPECT_THAT(source_.questions, ElementsAre("{x=\"a\"}: one:fill spill fill[x]"));
}

constexpr char kQuoting[] = R"(
monitors:
- name: full
  query: sum by (x) (fill)
  threshold: {warning: "> 5", critical: "> 8"}
  annotations: {said: "{{ .Value }}:{{ range .Evidence.Logs }} {{ .Text }}{{ end }} {{ .Evidence.TraceID }}"}
)";

TEST_F(ShardEvidenceTest, AnnotationsQuoteWhatTheirPageHas) {
  ASSERT_TRUE(rig_.Install(kQuoting).ok());
  Send("a", 6, 1);
  EXPECT_EQ(Said(), "6: first t-first");
  EXPECT_THAT(Shown(), ElementsAre("6: first t-first"));
  const std::string alias = Page().alias();
  source_.says = "second";
  Send("a", 7, 2);
  EXPECT_THAT(Shown(), ElementsAre("7: first t-first")) << "what the page has";
  Send("a", 9, 3);
  EXPECT_EQ(Said(), "9: second t-second");
  source_.says = "third";
  Send("a", 6, 4);
  EXPECT_EQ(Said(), "6: second t-second") << "better is no news";
  Send("a", 0, 5);
  EXPECT_EQ(rig_.PageOf("x", "a"), "closed");
  EXPECT_EQ(Said(), "0: second t-second");
  source_.says = "";
  Send("a", 6, 6);
  EXPECT_EQ(Said(), "6: ") << "of another episode";
  EXPECT_EQ(Page().alias(), alias) << "evidence is no identity";
}

TEST_F(ShardEvidenceTest, AnnotationsQuoteTheSameAfterARestart) {
  ASSERT_TRUE(rig_.Install(kQuoting).ok());
  Send("a", 6, 1);
  source_.says = "second";
  rig_.Reboot(Seconds(1));
  Send("a", 7, 5);
  EXPECT_EQ(rig_.PageOf("x", "a"), "open");
  EXPECT_THAT(Shown(), ElementsAre("7: first t-first"));
  ASSERT_TRUE(rig_.Install("monitors: []").ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(6)).ok());
  EXPECT_EQ(rig_.PageOf("x", "a"), "closed");
  EXPECT_EQ(Said(), "7: first t-first") << "of a rule that is gone, too";
}

TEST_F(ShardEvidenceTest, AnnotationsOfAMonitorThatLeavesShadowModeQuoteSome) {
  const std::string rules = kQuoting;
  ASSERT_TRUE(
      rig_.Install(std::string(rules).replace(rules.find("name:"), 5, "mode: shadow\n  name:"))
          .ok());
  Send("a", 6, 1);
  EXPECT_THAT(Shown(), ElementsAre("6: "));
  ASSERT_TRUE(rig_.Install(rules).ok());
  ASSERT_TRUE(rig_.RunTo(Seconds(2)).ok());
  EXPECT_EQ(Said(), "6: first t-first");
}

TEST_F(ShardEvidenceTest, AnnotationsOfPrometheusRulesAndCompositesQuoteIt) {
  ASSERT_TRUE(rig_.Install(R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: Full, expr: fill > 5, annotations: {said: "{{ (index .Evidence.Logs 0).Text }}"}}
monitors:
- {name: over, composite: Full, annotations: {said: "{{ .Evidence.TraceID }}"}}
)")
                  .ok());
  rig_.Send(Fill("a"), 6);
  ASSERT_TRUE(rig_.RunTo(Seconds(3)).ok());
  ASSERT_EQ(rig_.outbox().Aliases().size(), 2u);
  std::vector<std::string> said;
  for (const std::string& alias : rig_.outbox().Aliases()) {
    said.push_back(rig_.outbox().Find(alias)->desired.annotations().at("said"));
  }
  EXPECT_THAT(said, ::testing::UnorderedElementsAre("first", "t-first"));
}

TEST_F(ShardEvidenceTest, ARoundPaysForSoManyPagesAndSeries) {
  ASSERT_TRUE(rig_.Install(R"(
monitors:
- {name: full, query: fill, threshold: {critical: "> 5"}}
)")
                  .ok());
  const auto fill = [this](const std::string& kind, size_t rows, int64_t second) {
    for (size_t i = 0; i < rows; ++i) rig_.Send(Fill(absl::StrCat(kind, i)), 6);
    ASSERT_TRUE(rig_.RunTo(Seconds(second)).ok());
  };
  fill("a", EvidenceWriter::kPagesPerRound + 30, 1);
  EXPECT_EQ(rig_.outbox().size(), EvidenceWriter::kPagesPerRound + 30);
  EXPECT_EQ(source_.questions.size(), EvidenceWriter::kPagesPerRound);

  source_.questions.clear();
  source_.looks_at = EvidenceWriter::kSeriesPerRound / 3;
  fill("b", 10, 2);
  EXPECT_EQ(source_.questions.size(), 4u) << "the fourth had what was left";
  source_.questions.clear();
  fill("c", 1, 3);
  EXPECT_EQ(source_.questions.size(), 1u) << "the next round";
}

}  // namespace
}  // namespace tocsin::engine
