// Groups of alerts that share a page: when it is told, and what it says.

#include "integrations/delivery/grouping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "base/random.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Page = state::v1::DesiredPage;

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);
const GroupTiming kTiming{absl::Seconds(30), absl::Minutes(5)};

GroupId Cluster(const std::string& cluster) {
  return {"ops", "0/1", Labels{{"cluster", cluster}}, false};
}

Page Alert(const std::string& alias, uint64_t sequence, bool open, Timestamp since = kStart,
           const std::string& severity = "critical") {
  Page page;
  page.set_alias(alias);
  page.set_sequence(sequence);
  page.set_open(open);
  page.set_severity(severity);
  page.set_since_ms(since.millis());
  page.set_labels(std::string(
      Labels{{"alertname", "Down"}, {"cluster", "eu"}, {"host", alias}, {"severity", severity}}
          .canonical()));
  (*page.mutable_annotations())["summary"] = absl::StrCat(alias, " is down");
  (*page.mutable_annotations())["runbook_url"] = "https://runbooks.example/down";
  return page;
}

// Flushes all that is due, as a caller whose writes succeed.
class Groups {
 public:
  bool Put(const Page& member, absl::Duration at) {
    return grouping.Put(Cluster("eu"), kTiming, member, kStart + at);
  }
  // The pages that changed.
  std::vector<Page> Run(absl::Duration at) {
    std::vector<Page> pages;
    while (const auto group = grouping.NextToFlush(kStart + at)) {
      auto page = grouping.Flush(*group, kStart + at, settled);
      if (!page) continue;
      pages.push_back(*page);
      for (auto& one : grouping.Flushed(*page)) settled.push_back(one);
    }
    return pages;
  }
  std::set<std::string> TakeSettled() {
    std::set<std::string> out;
    for (const auto& one : settled) out.insert(absl::StrCat(one.alias, "@", one.sequence));
    settled.clear();
    return out;
  }

  Grouping grouping;
  std::vector<Grouping::Settled> settled;
};

TEST(GroupingTest, WaitsForThoseThatBeginTogether) {
  Groups groups;
  EXPECT_TRUE(groups.Put(Alert("a", 1, true), absl::ZeroDuration()));
  EXPECT_TRUE(groups.Put(Alert("b", 1, true), absl::Seconds(10)));
  EXPECT_EQ(groups.grouping.NextDue(), kStart + absl::Seconds(30));
  EXPECT_THAT(groups.Run(absl::Seconds(29)), IsEmpty());
  const auto pages = groups.Run(absl::Seconds(30));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_TRUE(pages[0].open());
  EXPECT_EQ(pages[0].annotations().at("summary"), "2 alerts: cluster=eu");
  EXPECT_EQ(pages[0].annotations().at("runbook_url"), "https://runbooks.example/down");
  EXPECT_THAT(pages[0].annotations().at("description"), HasSubstr("- b is down (critical"));
  EXPECT_EQ(Labels::FromCanonical(pages[0].labels())->ToString(),
            R"({alertname="Down", cluster="eu", severity="critical"})");
  EXPECT_THAT(groups.TakeSettled(), ElementsAre("a@1", "b@1"));
}

TEST(GroupingTest, AnAlertThatIsOldAlreadyDoesNotWait) {
  Groups groups;
  groups.Put(Alert("a", 1, true, kStart - absl::Minutes(1)), absl::ZeroDuration());
  EXPECT_EQ(groups.Run(absl::ZeroDuration()).size(), 1u);
}

TEST(GroupingTest, ChangesAreToldOncePerInterval) {
  Groups groups;
  groups.Put(Alert("a", 1, true), absl::ZeroDuration());
  ASSERT_EQ(groups.Run(absl::Seconds(30)).size(), 1u);
  groups.Put(Alert("b", 1, true), absl::Seconds(60));
  groups.Put(Alert("a", 2, false), absl::Seconds(90));
  EXPECT_EQ(groups.grouping.NextDue(), kStart + absl::Seconds(330));
  groups.TakeSettled();
  const auto pages = groups.Run(absl::Seconds(330));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].annotations().at("summary"), "b is down") << "one alone speaks for itself";
  EXPECT_THAT(groups.TakeSettled(), ElementsAre("a@2", "b@1"));
  // After a quiet time the next change is told at once.
  groups.Put(Alert("c", 1, true), absl::Hours(1));
  EXPECT_EQ(groups.Run(absl::Hours(1)).size(), 1u);
}

TEST(GroupingTest, ClosesWithTheLastAndPagesAnewAfterwards) {
  Groups groups;
  groups.Put(Alert("a", 1, true), absl::ZeroDuration());
  const uint64_t episode = groups.Run(absl::Seconds(30))[0].episode();
  groups.Put(Alert("a", 2, false), absl::Minutes(10));
  const auto closing = groups.Run(absl::Minutes(10));
  ASSERT_EQ(closing.size(), 1u);
  EXPECT_FALSE(closing[0].open());
  EXPECT_EQ(closing[0].episode(), episode);
  EXPECT_EQ(groups.grouping.size(), 0u) << "what is over takes no memory";
  groups.Put(Alert("a", 3, true, kStart + absl::Minutes(11)), absl::Minutes(11));
  EXPECT_GT(groups.Run(absl::Minutes(12))[0].episode(), episode);
}

TEST(GroupingTest, WhatEndsBeforeAnybodyWasToldIsNotTold) {
  Groups groups;
  groups.Put(Alert("a", 1, true), absl::ZeroDuration());
  EXPECT_FALSE(groups.Put(Alert("a", 2, false), absl::Seconds(5)));
  EXPECT_FALSE(groups.Put(Alert("never", 1, false), absl::Seconds(5)));
  EXPECT_THAT(groups.Run(absl::Minutes(1)), IsEmpty());
  EXPECT_EQ(groups.grouping.size(), 0u);
}

TEST(GroupingTest, TheWorstSeverityAndALimitedList) {
  Groups groups;
  for (int i = 0; i < 60; ++i) {
    groups.Put(Alert(absl::StrCat("h", i), 1, true, kStart, i == 30 ? "critical" : "warning"),
               absl::ZeroDuration());
  }
  const auto pages = groups.Run(absl::Seconds(30));
  EXPECT_EQ(pages[0].severity(), "critical");
  const std::string list = pages[0].annotations().at("description");
  EXPECT_EQ(list.find("- h30 is down (critical"), 0u) << "the worst first";
  EXPECT_THAT(list, HasSubstr("and 10 more"));
  EXPECT_EQ(pages[0].group().members_size(), 60);
}

TEST(GroupingTest, ChangesWhileThePageIsBeingStoredAreNotLost) {
  Groups groups;
  groups.Put(Alert("a", 1, true), absl::ZeroDuration());
  const std::string group = *groups.grouping.NextToFlush(kStart + absl::Seconds(30));
  const auto page = groups.grouping.Flush(group, kStart + absl::Seconds(30), groups.settled);
  ASSERT_TRUE(page.has_value());
  groups.Put(Alert("b", 1, true), absl::Seconds(31));
  EXPECT_TRUE(groups.Put(Alert("a", 2, false), absl::Seconds(31))) << "it may be told already";
  EXPECT_FALSE(groups.grouping.NextToFlush(kStart + absl::Hours(1))) << "one write at a time";
  for (auto& one : groups.grouping.Flushed(*page)) groups.settled.push_back(one);
  EXPECT_THAT(groups.TakeSettled(), ElementsAre("a@1"));
  const auto pages = groups.Run(absl::Minutes(6));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].annotations().at("summary"), "b is down");
  EXPECT_THAT(groups.TakeSettled(), ElementsAre("a@2", "b@1"));
}

TEST(GroupingTest, AFailedWriteIsTriedAgain) {
  Groups groups;
  groups.Put(Alert("a", 1, true), absl::ZeroDuration());
  const std::string group = *groups.grouping.NextToFlush(kStart + absl::Seconds(30));
  groups.grouping.Flush(group, kStart + absl::Seconds(30), groups.settled);
  groups.grouping.FlushFailed(group, kStart + absl::Seconds(35));
  EXPECT_THAT(groups.Run(absl::Seconds(34)), IsEmpty());
  EXPECT_EQ(groups.Run(absl::Seconds(35)).size(), 1u);
  EXPECT_THAT(groups.TakeSettled(), ElementsAre("a@1"));
}

TEST(GroupingTest, ARestartTellsNothingTwiceAndClosesWhatEnded) {
  Groups before;
  before.Put(Alert("a", 1, true), absl::ZeroDuration());
  before.Put(Alert("b", 1, true), absl::ZeroDuration());
  const Page stored = before.Run(absl::Seconds(30))[0];
  Groups after;
  after.grouping.Restore(stored);
  EXPECT_FALSE(after.Put(Alert("a", 1, true), absl::Minutes(10))) << "told already";
  after.grouping.EndRestore(kStart + absl::Minutes(10));  // b has ended
  const auto pages = after.Run(absl::Minutes(10));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].annotations().at("summary"), "a is down");
  EXPECT_EQ(pages[0].episode(), stored.episode());
  EXPECT_GT(pages[0].sequence(), stored.sequence());
}

TEST(GroupingTest, GroupsHaveStableAndDifferentAliases) {
  EXPECT_EQ(Cluster("eu").Alias(), Cluster("eu").Alias());
  std::set<std::string> aliases = {Cluster("eu").Alias(), Cluster("us").Alias()};
  GroupId id = Cluster("eu");
  id.storm = true;
  aliases.insert(id.Alias());
  id = Cluster("eu");
  id.route = "0";
  aliases.insert(id.Alias());
  id = Cluster("eu");
  id.receiver = "op";
  aliases.insert(id.Alias());
  EXPECT_EQ(aliases.size(), 5u);
}

// Whatever opens, changes, ends, fails to be stored or restarts: in the end the page is open
// exactly if an alert is, names exactly those that are, and every change is settled.
void RunSeed(uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  SeededRandom random(seed);
  auto grouping = std::make_unique<Grouping>();
  std::map<std::string, Page> wanted;
  std::map<std::string, uint64_t> owed;  // alias -> sequence not settled yet
  std::optional<Page> stored;
  Timestamp now = kStart;
  const auto put = [&](const Page& page) {
    if (grouping->Put(Cluster("eu"), kTiming, page, now))
      owed[page.alias()] = page.sequence();
    else
      owed.erase(page.alias());
  };
  const auto flush = [&](double failures) {
    while (const auto group = grouping->NextToFlush(now)) {
      std::vector<Grouping::Settled> settled;
      const auto page = grouping->Flush(*group, now, settled);
      if (page && random.Uniform() < failures) {
        grouping->FlushFailed(*group, now + absl::Seconds(1));
        continue;
      }
      if (page) {
        EXPECT_TRUE(!stored || page->sequence() > stored->sequence());
        stored = *page;
        for (const auto& one : grouping->Flushed(*page)) settled.push_back(one);
      }
      for (const auto& one : settled) {
        if (owed.contains(one.alias) && owed[one.alias] <= one.sequence) owed.erase(one.alias);
      }
    }
  };
  for (int step = 0; step < 200; ++step) {
    now = now + absl::Seconds(random.Next() % 90);
    const std::string alias = absl::StrCat("a", random.Next() % 5);
    if (random.Uniform() < 0.5) {
      const uint64_t sequence = wanted[alias].sequence() + 1;
      wanted[alias] = Alert(alias, sequence, random.Uniform() < 0.6, now);
      put(wanted[alias]);
    } else if (random.Uniform() < 0.1) {
      grouping = std::make_unique<Grouping>();
      owed.clear();
      if (stored) grouping->Restore(*stored);
      for (const auto& [name, page] : wanted) put(page);
      grouping->EndRestore(now);
    } else {
      flush(0.2);
    }
  }
  for (int i = 0; i < 5; ++i, now = now + absl::Minutes(6)) flush(0);
  std::set<std::string> firing, told;
  for (const auto& [name, page] : wanted) {
    if (page.open()) firing.insert(absl::StrCat(name, "@", page.sequence()));
  }
  ASSERT_TRUE(stored.has_value() || firing.empty());
  if (stored) {
    EXPECT_EQ(stored->open(), !firing.empty());
    for (const auto& member : stored->group().members()) {
      told.insert(absl::StrCat(member.alias(), "@", member.sequence()));
    }
  }
  EXPECT_EQ(told, firing);
  EXPECT_THAT(owed, IsEmpty());
  EXPECT_EQ(grouping->NextDue(), Timestamp::Max()) << "quiet when nothing changes";
}

TEST(GroupingTest, InTheEndThePageTellsWhatFires) {
  for (uint64_t seed = 1; seed <= 500 && !HasFailure(); ++seed) RunSeed(seed);
}

// What rules say of their pages.
void Say(Page& page, const std::string& team, const std::string& critical) {
  auto& options = *page.mutable_options();
  auto& responder = *options.add_responders();
  responder.set_type("team");
  responder.set_name(team);
  (*options.mutable_priority())["critical"] = critical;
  (*options.mutable_priority())["warning"] = "P4";
  (*options.mutable_details())["dashboard"] = "https://g";
  (*options.mutable_details())["team"] = team;
  options.add_tags("{{ .Labels.host }}");
  options.add_actions("restart");
  options.set_entity("{{ .Labels.cluster }}");
}

TEST(GroupingTest, AGroupOfOneSaysWhatItsRuleSays) {
  Groups groups;
  Page alert = Alert("a", 1, true);
  Say(alert, "payments", "P1");
  groups.Put(alert, absl::ZeroDuration());
  const auto pages = groups.Run(absl::Seconds(30));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].options().DebugString(), alert.options().DebugString());
}

TEST(GroupingTest, AGroupSaysWhatAllItsRulesSay) {
  Groups groups;
  Page a = Alert("a", 1, true);
  Page b = Alert("b", 1, true);
  Say(a, "payments", "P1");
  Say(b, "orders", "P2");
  b.mutable_options()->add_actions("page");
  groups.Put(a, absl::ZeroDuration());
  groups.Put(b, absl::ZeroDuration());
  auto pages = groups.Run(absl::Seconds(30));
  ASSERT_EQ(pages.size(), 1u);
  const auto& options = pages[0].options();
  EXPECT_EQ(options.responders_size(), 0);
  EXPECT_EQ(options.priority().size(), 1u);
  EXPECT_EQ(options.priority().at("warning"), "P4");
  EXPECT_EQ(options.details().size(), 1u);
  EXPECT_EQ(options.details().at("dashboard"), "https://g");
  EXPECT_THAT(options.tags(), ElementsAre("{{ .Labels.host }}"));
  EXPECT_EQ(options.actions_size(), 0);
  EXPECT_EQ(options.entity(), "{{ .Labels.cluster }}");

  // One whose rule says nothing: the receiver's word counts.
  groups.Put(Alert("c", 1, true), absl::Minutes(1));
  pages = groups.Run(absl::Minutes(6));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_FALSE(pages[0].has_options());

  // What they do not share comes back when one is left.
  groups.Put(Alert("b", 2, false), absl::Minutes(7));
  groups.Put(Alert("c", 2, false), absl::Minutes(7));
  pages = groups.Run(absl::Minutes(12));
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].options().DebugString(), a.options().DebugString());
}

}  // namespace
}  // namespace tocsin::delivery
