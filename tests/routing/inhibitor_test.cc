#include "integrations/routing/inhibitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/strings/str_cat.h"

namespace tocsin::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<delivery::Matcher> Matchers(const std::string& text) {
  return *delivery::ParseMatchers(text);
}

InhibitRule Rule(const std::string& source, const std::string& target,
                 std::vector<std::string> equal = {}) {
  return {Matchers(source), Matchers(target), std::move(equal)};
}

const Labels kCritical = {{"alertname", "Down"}, {"severity", "critical"}, {"cluster", "a"}};
const Labels kWarning = {{"alertname", "Slow"}, {"severity", "warning"}, {"cluster", "a"}};

Inhibitor CriticalOverWarning() {
  return Inhibitor({Rule("severity=critical", "severity=warning", {"cluster"})});
}

TEST(InhibitorTest, ASourceInhibitsTargetsWithEqualLabels) {
  Inhibitor inhibitor = CriticalOverWarning();
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
  inhibitor.SetFiring("down", kCritical);
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), ElementsAre("down"));
  EXPECT_THAT(inhibitor.InhibitedBy(LabelsBuilder(kWarning).Set("cluster", "b").Build()),
              IsEmpty());
  EXPECT_THAT(inhibitor.InhibitedBy(kCritical), IsEmpty());
  inhibitor.Remove("down");
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
}

TEST(InhibitorTest, AbsentLabelsAreEqualToEachOther) {
  Inhibitor inhibitor = CriticalOverWarning();
  inhibitor.SetFiring("down", {{"severity", "critical"}});
  EXPECT_THAT(inhibitor.InhibitedBy({{"severity", "warning"}}), ElementsAre("down"));
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
}

TEST(InhibitorTest, NoAlertInhibitsItself) {
  Inhibitor inhibitor({Rule("team=a", "team=~\"a|b\"")});
  inhibitor.SetFiring("both", {{"team", "a"}});
  EXPECT_THAT(inhibitor.InhibitedBy({{"team", "a"}}), IsEmpty());
  EXPECT_THAT(inhibitor.InhibitedBy({{"team", "b"}}), ElementsAre("both"));
}

// An alert that matches both sides is inhibited by a source that does not.
TEST(InhibitorTest, TwoSidedAlertsAreInhibitedByPlainSourcesOnly) {
  Inhibitor inhibitor({Rule("kind=~\"outage|both\"", "kind=~\"symptom|both\"")});
  const Labels both = {{"kind", "both"}};
  inhibitor.SetFiring("1", both);
  EXPECT_THAT(inhibitor.InhibitedBy(both), IsEmpty());
  EXPECT_THAT(inhibitor.InhibitedBy({{"kind", "symptom"}}), ElementsAre("1"));
  inhibitor.SetFiring("2", {{"kind", "outage"}});
  EXPECT_THAT(inhibitor.InhibitedBy(both), ElementsAre("2"));
  inhibitor.Remove("2");
  EXPECT_THAT(inhibitor.InhibitedBy(both), IsEmpty());
}

TEST(InhibitorTest, EachRuleNamesOneSource) {
  Inhibitor inhibitor({Rule("a=1", "t=1"), Rule("b=1", "t=1"), Rule("a=1", "t=1", {"x"})});
  inhibitor.SetFiring("second", {{"a", "1"}, {"b", "1"}});
  inhibitor.SetFiring("first", {{"b", "1"}});
  EXPECT_THAT(inhibitor.InhibitedBy({{"t", "1"}}), ElementsAre("first", "second"));
}

TEST(InhibitorTest, ValuesThatReadTheSameJoinedAreApart) {
  Inhibitor inhibitor({Rule("s=1", "t=1", {"x", "y"})});
  inhibitor.SetFiring("source", {{"s", "1"}, {"x", "1:1"}, {"y", "1"}});
  EXPECT_THAT(inhibitor.InhibitedBy({{"t", "1"}, {"x", "1"}, {"y", "1:1"}}), IsEmpty());
}

TEST(InhibitorTest, AChangeOfLabelsMovesTheSource) {
  Inhibitor inhibitor = CriticalOverWarning();
  inhibitor.SetFiring("down", kCritical);
  inhibitor.SetFiring("down", LabelsBuilder(kCritical).Set("cluster", "b").Build());
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
  EXPECT_EQ(inhibitor.sources(), 1u);
  EXPECT_EQ(inhibitor.FindFiring("down")->Get("cluster"), "b");
  EXPECT_EQ(inhibitor.FindFiring("other"), nullptr);
}

TEST(InhibitorTest, OtherRulesFindTheAlertsThatFire) {
  Inhibitor inhibitor;
  inhibitor.SetFiring("down", kCritical);
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
  inhibitor.SetRules({Rule("severity=critical", "severity=warning", {"cluster"})});
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), ElementsAre("down"));
  inhibitor.SetRules({});
  EXPECT_THAT(inhibitor.InhibitedBy(kWarning), IsEmpty());
}

TEST(InhibitorTest, OnlyFirstAndLastSourcesOfASlotAreNews) {
  Inhibitor inhibitor = CriticalOverWarning();
  const auto slots = inhibitor.SlotsOf(kWarning);
  ASSERT_EQ(slots.size(), 1u);
  EXPECT_EQ(inhibitor.SetFiring("1", kCritical), slots);
  EXPECT_THAT(inhibitor.SetFiring("1", kCritical), IsEmpty());
  EXPECT_THAT(inhibitor.SetFiring("2", kCritical), IsEmpty());
  EXPECT_THAT(inhibitor.SetFiring("3", kWarning), IsEmpty());
  EXPECT_THAT(inhibitor.Remove("1"), IsEmpty());
  EXPECT_EQ(inhibitor.Remove("2"), slots);
  EXPECT_THAT(inhibitor.Remove("2"), IsEmpty());
}

// The obvious way: every rule, every alert that fires, label by label.
bool InhibitedByLooking(const std::vector<InhibitRule>& rules,
                        const std::map<std::string, Labels>& firing, const Labels& labels) {
  const auto all = [](const std::vector<delivery::Matcher>& matchers, const Labels& of) {
    for (const auto& matcher : matchers) {
      if (!matcher.Matches(of)) return false;
    }
    return true;
  };
  for (const InhibitRule& rule : rules) {
    if (!all(rule.target_matchers, labels)) continue;
    const bool two_sided = all(rule.source_matchers, labels);
    for (const auto& [key, source] : firing) {
      if (!all(rule.source_matchers, source)) continue;
      if (two_sided && all(rule.target_matchers, source)) continue;
      bool equal = true;
      for (const std::string& name : rule.equal) {
        equal = equal && source.Get(name) == labels.Get(name);
      }
      if (equal) return true;
    }
  }
  return false;
}

class InhibitorTwin {
 public:
  explicit InhibitorTwin(uint64_t seed) : engine_(seed) {
    for (int i = Draw(1, 4); i > 0; --i) {
      rules_.push_back({SomeMatchers(), SomeMatchers(), SomeNames()});
    }
    inhibitor_.SetRules(rules_);
  }

  // A change, and then everything is asked. What is not in a slot that changed answers as before.
  void Step() {
    const std::string key = absl::StrCat(Draw(0, 7));
    const std::vector<Labels> asked = SomeLabelSets();
    std::vector<bool> before;
    for (const Labels& labels : asked) before.push_back(Inhibited(labels));
    std::vector<Inhibitor::Slot> changed;
    if (Draw(0, 2) == 0) {
      changed = inhibitor_.Remove(key);
      firing_.erase(key);
    } else {
      firing_[key] = SomeLabels();
      changed = inhibitor_.SetFiring(key, firing_[key]);
    }
    for (size_t i = 0; i < asked.size(); ++i) {
      const bool now = Inhibited(asked[i]);
      ASSERT_EQ(now, InhibitedByLooking(rules_, firing_, asked[i])) << asked[i].ToString();
      if (now == before[i]) continue;
      bool told = false;
      for (const auto& slot : inhibitor_.SlotsOf(asked[i])) {
        told = told || std::find(changed.begin(), changed.end(), slot) != changed.end();
      }
      ASSERT_TRUE(told) << asked[i].ToString();
    }
  }

 private:
  int Draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool Inhibited(const Labels& labels) { return !inhibitor_.InhibitedBy(labels).empty(); }

  Labels SomeLabels() {
    LabelsBuilder labels;
    for (const char* name : {"a", "b", "c"})
      labels.Set(name, Draw(0, 2) ? absl::StrCat(Draw(1, 2)) : "");
    return labels.Build();
  }
  std::vector<Labels> SomeLabelSets() {
    std::vector<Labels> sets;
    for (int i = 0; i < 10; ++i) sets.push_back(SomeLabels());
    return sets;
  }
  std::vector<std::string> SomeNames() {
    std::vector<std::string> names;
    for (const char* name : {"a", "b", "c"}) {
      if (Draw(0, 2) == 0) names.emplace_back(name);
    }
    return names;
  }
  std::vector<delivery::Matcher> SomeMatchers() {
    using Op = delivery::Matcher::Op;
    static const char* kNames[] = {"a", "b", "c"};
    static const char* kValues[] = {"", "1", "2", "1|2"};
    std::vector<delivery::Matcher> matchers;
    for (int i = Draw(0, 2); i > 0; --i) {
      matchers.push_back(*delivery::Matcher::Make(kNames[Draw(0, 2)], static_cast<Op>(Draw(0, 3)),
                                                  kValues[Draw(0, 3)]));
    }
    return matchers;
  }

  std::mt19937_64 engine_;
  std::vector<InhibitRule> rules_;
  Inhibitor inhibitor_;
  std::map<std::string, Labels> firing_;
};

TEST(InhibitorTwinTest, AnswersAsLookingAtEveryAlertDoes) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    InhibitorTwin twin(seed);
    for (int step = 0; step < 40; ++step) {
      twin.Step();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tocsin::routing
