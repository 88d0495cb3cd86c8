#include "integrations/delivery/receiver.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "integrations/delivery/ready_queue.h"

namespace tocsin::delivery {
namespace {

std::vector<Matcher> Matchers(const std::string& text) {
  auto matchers = ParseMatchers(text);
  EXPECT_TRUE(matchers.ok()) << matchers.status();
  return matchers.ok() ? *matchers : std::vector<Matcher>();
}

TEST(MatcherTest, Parses) {
  struct Case {
    const char* text;
    const char* parsed;  // matchers joined by " & "
  };
  const Case cases[] = {
      {R"(team="payments")", R"(team="payments")"},
      {R"( team = payments )", R"(team="payments")"},
      {R"(team!="a",env=~"p.*")", R"(team!="a" & env=~"p.*")"},
      {R"({team!~"a|b", severity=critical})", R"(team!~"a|b" & severity="critical")"},
      {R"({a="1",})", R"(a="1")"},
      {R"(a="")", R"(a="")"},
      {R"({})", ""},
      {R"(a="x, y=\"z\"")", R"(a="x, y=\"z\"")"},
      {R"(a=~"\d+\\.")", R"(a=~"\\d+\\.")"},
      {R"("odd name"="v")", R"("odd name"="v")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto joined = absl::StrJoin(
        Matchers(c.text), " & ", [](std::string* out, const Matcher& m) { *out += m.ToString(); });
    EXPECT_EQ(joined, c.parsed);
  }
}

TEST(MatcherTest, RefusesWithAPosition) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"", "expected a matcher at 1"},
      {"team", "expected one of = != =~ !~ at 5"},
      {"team=", "expected a value at 6"},
      {R"(team="a)", "expected a closing '\"' at 8"},
      {R"(team="a" env="b")", "expected ',' or the end at 10"},
      {R"({team="a")", "expected '}' at 10"},
      {R"(a=~"(")", "missing"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto matchers = ParseMatchers(c.text);
    ASSERT_FALSE(matchers.ok());
    EXPECT_TRUE(absl::StrContains(matchers.status().message(), c.error)) << matchers.status();
  }
}

TEST(MatcherTest, Matches) {
  const Labels labels = {{"team", "payments"}, {"env", "prod-1"}};
  struct Case {
    const char* text;
    bool matches;
  };
  const Case cases[] = {
      {R"(team="payments")", true}, {R"(team="pay")", false},          {R"(team=~"pay")", false},
      {R"(team=~"pay.*")", true},   {R"(env!~"dev.*")", true},         {R"(env!="prod-1")", false},
      {R"(absent="")", true},       {R"(absent!="")", false},          {R"(absent=~"x?")", true},
      {R"(absent!~".+")", true},    {R"(team=~"pay|payments")", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Matchers(c.text)[0].Matches(labels), c.matches);
  }
}

Route Child(const std::string& receiver, const std::string& matchers, bool go_on = false,
            std::vector<Route> routes = {}) {
  Route route;
  route.receiver = receiver;
  route.matchers = Matchers(matchers);
  route.continue_matching = go_on;
  route.routes = std::move(routes);
  return route;
}

std::vector<std::string> ReceiversOf(const std::vector<RouteMatch>& matches) {
  std::vector<std::string> receivers;
  for (const RouteMatch& match : matches) receivers.push_back(match.receiver);
  return receivers;
}

TEST(RouteTest, Table) {
  Route root;
  root.receiver = "default";
  root.routes.push_back(Child("audit", R"(env="prod")", /*go_on=*/true));
  root.routes.push_back(
      Child("payments", R"(team="payments")", false,
            {Child("payments-night", R"(severity="critical")"), Child("", R"(severity="warning")"),
             Child("payments", R"(severity=~".+")")}));
  root.routes.push_back(Child("catch", R"(team=~".+")"));
  struct Case {
    const char* name;
    Labels labels;
    const char* receivers;
  };
  const Case cases[] = {
      {"nothing matches", {{"x", "y"}}, "default"},
      {"first child", {{"team", "payments"}}, "payments"},
      {"nested", {{"team", "payments"}, {"severity", "critical"}}, "payments-night"},
      {"inherits", {{"team", "payments"}, {"severity", "warning"}}, "payments"},
      {"continue", {{"team", "payments"}, {"env", "prod"}}, "audit payments"},
      {"continue to the end", {{"env", "prod"}}, "audit"},
      {"later sibling", {{"team", "other"}}, "catch"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(absl::StrJoin(ReceiversOf(Match(root, c.labels)), " "), c.receivers);
  }
}

TEST(RouteTest, EachReceiverOnce) {
  Route root;
  root.receiver = "default";
  root.routes.push_back(Child("a", R"(x="1")", true));
  root.routes.push_back(Child("a", R"(y="1")"));
  EXPECT_EQ(ReceiversOf(Match(root, {{"x", "1"}, {"y", "1"}})), std::vector<std::string>{"a"});
}

TEST(RouteTest, ChildrenHaveTheGroupingOfTheirParents) {
  Route root;
  root.receiver = "default";
  root.group_by = {{"cluster"}};
  root.group_wait = absl::Seconds(5);
  root.storm_alerts = 7;
  Route child = Child("", R"(team="a")");
  child.group_interval = absl::Minutes(1);
  child.routes.push_back(Child("deep", R"(env="prod")"));
  root.routes.push_back(child);
  Route alone = Child("alone", R"(team="b")");
  alone.group_by = {{"..."}};
  root.routes.push_back(alone);
  const RouteMatch deep = Match(root, {{"team", "a"}, {"env", "prod"}}).at(0);
  EXPECT_EQ(deep.receiver, "deep");
  EXPECT_EQ(deep.route, "0/0");
  EXPECT_EQ(deep.group_by, std::vector<std::string>{"cluster"});
  EXPECT_EQ(deep.timing.wait, absl::Seconds(5));
  EXPECT_EQ(deep.timing.interval, absl::Minutes(1));
  EXPECT_EQ(deep.storm_alerts, 7u);
  EXPECT_TRUE(Match(root, {{"team", "b"}}).at(0).group_by.empty()) << "a page for each alert";
}

TEST(RouteTest, ValidateNamesWhatIsWrong) {
  ReceiversAndRoutes config;
  EXPECT_FALSE(Validate(config).ok());
  config.route.receiver = "a";
  EXPECT_TRUE(absl::StrContains(Validate(config).message(), "\"a\""));
  config.receivers["a"] = {"a", {}};
  EXPECT_TRUE(Validate(config).ok());
  config.route.routes.push_back(Child("b", R"(x="1")"));
  EXPECT_TRUE(absl::StrContains(Validate(config).message(), "\"b\""));
}

TEST(ReadyQueueTest, TheMostUrgentOfWhatIsDueGoesFirst) {
  ReadyQueue queue(10);
  queue.Put(1, "x", 3, 0);
  queue.Put(2, "x", 0, 100);
  queue.Put(3, "x", 1, 0);
  EXPECT_EQ(queue.Take(0), 3u);
  EXPECT_EQ(queue.Take(100), 2u);
  EXPECT_EQ(queue.Take(100), 1u);
  EXPECT_EQ(queue.Take(100), std::nullopt);
}

TEST(ReadyQueueTest, AnAccountIsPausedProbedAndBounded) {
  ReadyQueue queue(2);
  for (uint64_t task = 1; task <= 4; ++task) queue.Put(task, "x", 0, 0);
  queue.Put(5, "y", 5, 0);
  EXPECT_EQ(queue.Take(0), 1u);
  EXPECT_EQ(queue.Take(0), 2u);
  EXPECT_EQ(queue.Take(0), 5u) << "x has two in flight, y goes on";
  EXPECT_EQ(queue.Take(0), std::nullopt);
  EXPECT_EQ(queue.NextDue(0), std::nullopt);
  queue.Finish(1);
  queue.Pause("x", 50);
  EXPECT_EQ(queue.Take(0), std::nullopt);
  EXPECT_EQ(queue.NextDue(0), 50);
  EXPECT_EQ(queue.Take(50), 3u);
  queue.Finish(2);
  queue.SetProbing("x", true);
  EXPECT_EQ(queue.Take(50), std::nullopt) << "one at a time";
  queue.Finish(3);
  EXPECT_EQ(queue.Take(50), 4u);
}

TEST(ReadyQueueTest, APauseIsNotShortenedByAnother) {
  ReadyQueue queue(2);
  queue.Put(1, "x", 0, 0);
  queue.Pause("x", 50);
  queue.Pause("x", 20);
  EXPECT_EQ(queue.Take(0), std::nullopt);
  EXPECT_EQ(queue.NextDue(0), 50);
  queue.ShiftPauses(-20);
  EXPECT_EQ(queue.NextDue(0), 30);
  // R queue.Resume("y");
  EXPECT_EQ(queue.NextDue(0), 30);
  queue.Resume("x");
  EXPECT_EQ(queue.Take(0), 1u);
}

TEST(ReadyQueueTest, PutMovesAndDropForgets) {
  ReadyQueue queue(10);
  queue.Put(1, "x", 0, 0);
  queue.Put(1, "x", 0, 100);
  EXPECT_EQ(queue.Take(0), std::nullopt);
  EXPECT_EQ(queue.NextDue(0), 100);
  queue.Drop(1);
  EXPECT_EQ(queue.NextDue(0), std::nullopt);
}

}  // namespace
}  // namespace tocsin::delivery
