#include "engine/recording_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/rule_file.h"

namespace tocsin::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

rules::RuleSet Load(const std::string& records) {
  auto loaded =
      rules::LoadRules({{"f.yaml", absl::StrCat("groups:\n- name: g\n  rules:\n", records)}});
  EXPECT_TRUE(loaded.ok());
  return std::move(loaded.rules);
}

class RecordingRulesTest : public ::testing::Test {
 protected:
  std::vector<EvidenceQuery> Ask(const std::string& records, const std::string& query) {
    rules_ = Load(records);
    query_ = promql::ParseExpr(query).expr;
    return RecordingRules(rules_, QueryOptions()).Behind({EvidenceQuery{query_.get(), {}, {}, {}}});
  }
  // "query", then what is selected of its series where they have the label, and " => " what rules
  // give to it.
  std::vector<std::string> Behind(const std::string& records, const std::string& query) {
    std::vector<std::string> texts;
    for (const EvidenceQuery& one : Ask(records, query)) {
      std::string text = promql::Print(*one.query);
      for (const auto& matcher : one.matchers) {
        absl::StrAppend(&text, " ", matcher.name, ":", matcher.value);
      }
      for (const auto& [name, value] : one.given) {
        absl::StrAppend(&text, " => ", name, ":", value);
      }
      texts.push_back(text);
    }
    return texts;
  }

  rules::RuleSet rules_;
  std::shared_ptr<const promql::Expr> query_;
};

TEST_F(RecordingRulesTest, AreFoundByTheNameTheyRecordUnderFromRuleToRule) {
  const char records[] = R"(
  - {record: a, expr: sum(b) / d}
  - {record: b, expr: 'rate(c[5m])'}
  - {record: b, expr: other}
  - {record: d, expr: c}
)";
  EXPECT_THAT(Behind(records, "a > 1"), ElementsAre("sum(b) / d", "rate(c[5m])", "other", "c"));
  EXPECT_THAT(Behind(records, "max_over_time(b[1h])"), ElementsAre("rate(c[5m])", "other"));
  EXPECT_THAT(Behind(records, "c + vector(1)"), IsEmpty());
  EXPECT_THAT(Behind(records, "{__name__=~'d|a'}"), IsEmpty()) << "no name is selected";
  EXPECT_THAT(Behind(records, "d + d"), ElementsAre("c")) << "once";
}

TEST_F(RecordingRulesTest, EndAtAFewLevelsAndGoInNoCircle) {
  std::string chain;
  for (int i = 0; i < 8; ++i) {
    absl::StrAppend(&chain, "  - {record: r", i, ", expr: 'r", i + 1, "'}\n");
  }
  EXPECT_THAT(Behind(chain, "r0"), ElementsAre("r1", "r2", "r3", "r4"));
  EXPECT_THAT(Behind("  - {record: a, expr: a + b}\n  - {record: b, expr: a}\n", "a"),
              ElementsAre("a + b", "a"));
}

TEST_F(RecordingRulesTest, AreNoMoreThanAFew) {
  std::string many;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&many, "  - {record: r, expr: 's", i, "', labels: {n: '", i, "'}}\n");
  }
  EXPECT_THAT(Behind(many, "r"), SizeIs(RecordingRules::kQueriesMax));
  EXPECT_THAT(Behind(many, "r{n='44'}"), ElementsAre("s44 => n:44")) << "however many there are";
  EXPECT_THAT(Behind(many, "r{n=~'4[45]'}"), ElementsAre("s44 => n:44", "s45 => n:45"));
}

TEST_F(RecordingRulesTest, GiveLabelsThatAreSelectedAndThatTheRowHas) {
  const char records[] = R"(
  - {record: r, expr: s, labels: {level: job}}
  - {record: r, expr: t, labels: {level: pod, pod: ""}}
  - {record: r, expr: u}
  - {record: s, expr: v, labels: {level: deeper, zone: a}}
)";
  EXPECT_THAT(Behind(records, "r{level='job', team!='x'}"),
              ElementsAre("s team:x => level:job", "u level:job team:x",
                          "v team:x => level:job => zone:a"));
  EXPECT_THAT(Behind(records, "r{level='pod', pod=''}"),
              ElementsAre("t => level:pod => pod:", "u level:pod pod:"));
  EXPECT_THAT(Behind(records, "r{level='pod', pod='1'}"), ElementsAre("u level:pod pod:1"));
  EXPECT_THAT(Behind(records, "r{level=''}"), ElementsAre("u level:"));
  EXPECT_THAT(Behind(records, "sum(s{zone='b'})"), IsEmpty());
  EXPECT_THAT(
      Behind("  - {record: q, expr: 's{team=\"t\"}'}\n" + std::string(records + 1), "q{zone='b'}"),
      ElementsAre("s{team=\"t\"} zone:b"))
      << "what the way there excludes";
}

TEST_F(RecordingRulesTest, TwoSelectionsOfOneRuleAreTwo) {
  EXPECT_THAT(Behind("  - {record: r, expr: s}\n", "r{job='a'} / on () r{job='b'}"),
              ElementsAre("s job:a", "s job:b"));
}

TEST_F(RecordingRulesTest, LookBackAsFarAsTheWayThere) {
  const auto queries =
      Ask("  - {record: a, expr: 'max_over_time(b[1h])'}\n  - {record: b, expr: c}\n",
          "max_over_time(a[2h])");
  ASSERT_THAT(queries, SizeIs(2));
  EXPECT_EQ(queries[0].back, absl::Hours(2));
  EXPECT_EQ(queries[1].back, absl::Hours(3));
  const auto question = MakeEvidenceQuestion(queries, Labels(), Timestamp(), QueryOptions());
  ASSERT_THAT(question.selectors, SizeIs(2));
  EXPECT_EQ(question.selectors[0].need.reach, absl::Hours(3));
  EXPECT_EQ(question.selectors[1].need.reach, absl::Hours(3) + QueryOptions().lookback);
}

TEST_F(RecordingRulesTest, TheRowDecidesWhichOfThemItMayBeOf) {
  const auto queries = Ask(R"(
  - {record: r, expr: s, labels: {level: job}}
  - {record: r, expr: t, labels: {level: pod}}
)",
                           "r");
  const auto asked = [&](const Labels& row) {
    std::vector<std::string> texts;
    for (const auto& one :
         MakeEvidenceQuestion(queries, row, Timestamp(), QueryOptions()).selectors) {
      texts.push_back(absl::StrCat(one.need.matchers.at(0).value, one.row.ToString()));
    }
    return texts;
  };
  EXPECT_THAT(asked({{"level", "pod"}, {"pod", "1"}}), ElementsAre("t{pod=\"1\"}"))
      << "a level of the series' own is another";
  EXPECT_THAT(asked({{"pod", "1"}}), ElementsAre("s{pod=\"1\"}", "t{pod=\"1\"}"));
}

}  // namespace
}  // namespace tocsin::engine
