// The key `page` of monitors: what a rule says of its pages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "rules/page_check.h"
#include "rules/rule_file.h"
#include "tests/rules/findings.h"

namespace tocsin::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string MonitorWith(const std::string& page) {
  return absl::StrCat(
      "monitors:\n- name: m\n  query: up\n  threshold: {critical: '> 1'}\n  page: ", page, "\n");
}

PageOptions Read(const std::string& page) {
  const LoadResult result = LoadRules({{"f.yaml", MonitorWith(page)}});
  EXPECT_EQ(Findings(MonitorWith(page)), "");
  return result.rules.monitors.empty() ? PageOptions() : result.rules.monitors[0].page;
}

TEST(PageFileTest, ReadsEveryField) {
  const PageOptions page = Read(R"(
    priority: {critical: P1, warning: P3}
    responders:
      - {type: team, name: "{{ .Labels.team }}"}
      - {type: user, username: ann@example.com}
      - {type: "{{ .Labels.kind }}", id: "{{ .Labels.who }}"}
    tags: ["{{ .Labels.env }}", fixed]
    entity: "{{ .Labels.service }}"
    actions: [restart]
    details: {dashboard: "https://grafana.example/d/{{ .Labels.service }}", runbook: r})");
  EXPECT_THAT(page.priority, ElementsAre(Pair("critical", "P1"), Pair("warning", "P3")));
  ASSERT_EQ(page.responders.size(), 3u);
  EXPECT_EQ(page.responders[0].type, "team");
  EXPECT_EQ(page.responders[0].name, "{{ .Labels.team }}");
  EXPECT_EQ(page.responders[1].username, "ann@example.com");
  EXPECT_EQ(page.responders[2].type, "{{ .Labels.kind }}");
  EXPECT_EQ(page.responders[2].id, "{{ .Labels.who }}");
  EXPECT_THAT(page.tags, ElementsAre("{{ .Labels.env }}", "fixed"));
  EXPECT_EQ(page.entity, "{{ .Labels.service }}");
  EXPECT_THAT(page.actions, ElementsAre("restart"));
  EXPECT_THAT(page.details,
              ElementsAre(Pair("dashboard", "https://grafana.example/d/{{ .Labels.service }}"),
                          Pair("runbook", "r")));
}

TEST(PageFileTest, OnePriorityIsForEverySeverity) {
  EXPECT_THAT(Read("{priority: P2}").priority,
              ElementsAre(Pair("critical", "P2"), Pair("warning", "P2")));
  EXPECT_THAT(Read("{priority: {warning: P4}}").priority, ElementsAre(Pair("warning", "P4")));
}

TEST(PageFileTest, NothingSaidIsNothing) {
  for (const char* nothing : {"", "{}", "{priority: , responders: [], tags: [], details: {}}"}) {
    const PageOptions page = Read(nothing);
    EXPECT_TRUE(page.priority.empty() && page.responders.empty() && page.tags.empty() &&
                page.entity.empty() && page.actions.empty() && page.details.empty())
        << nothing;
  }
}

TEST(PageFileTest, CompositeMonitorsHaveItToo) {
  const LoadResult result = LoadRules({{"f.yaml", R"(
monitors:
- {name: a, query: up, threshold: {critical: '> 1'}}
- {name: b, composite: a, page: {entity: checkout}}
)"}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.rules.monitors[0].page.entity, "");
  EXPECT_EQ(result.rules.monitors[1].page.entity, "checkout");
}

TEST(PageFileTest, ItIsPartOfTheRevision) {
  EXPECT_NE(LoadRules({{"f", MonitorWith("{priority: P2}")}}).rules.revision,
            LoadRules({{"f", MonitorWith("{priority: P3}")}}).rules.revision);
}

TEST(PageFileTest, FindingsStandAtTheirPlace) {
  const std::string many = absl::StrCat(
      "[a",
      [] {
        std::string items;
        for (int i = 0; i < 50; ++i) items += ", a";
        return items;
      }(),
      "]");
  const struct {
    const char* name;
    std::string page;
    std::string expected;
  } cases[] = {
      {"no map", "P2", "f.yaml:5:9: error: page must be a map of keys and values [TC006]\n"},
      {"unknown key", "{priorty: P2}",
       "f.yaml:5:10: error: unknown key \"priorty\" in page [TC005]\n  hint: did you mean "
       "\"priority\"?\n"},
      {"bad priority", "{priority: P6}",
       "f.yaml:5:20: error: a priority is one of P1, P2, P3, P4, P5 [TC008]\n"},
      {"priority as a template", "{priority: '{{ .Labels.p }}'}",
       "f.yaml:5:20: error: a priority is one of P1, P2, P3, P4, P5 [TC008]\n"},
      {"bad priority of one severity", "{priority: {critical: high}}",
       "f.yaml:5:31: error: a priority is one of P1, P2, P3, P4, P5 [TC008]\n"},
      {"severity that no monitor has", "{priority: {page: P1}}",
       "f.yaml:5:21: error: unknown key \"page\" in priority [TC005]\n  hint: known keys: "
       "critical, "
       "warning\n"},
      {"priorities as a list", "{priority: [P1]}",
       "f.yaml:5:20: error: priority must be a map of keys and values [TC006]\n"},
      {"responders no list", "{responders: payments}",
       "f.yaml:5:22: error: responders must be a list [TC006]\n"},
      {"responder no map", "{responders: [payments]}",
       "f.yaml:5:23: error: responder must be a map of keys and values [TC006]\n"},
      {"responder of no type", "{responders: [{name: a}]}",
       "f.yaml:5:23: error: type must be team, user, escalation or schedule [TC008]\n"},
      {"responder of another type", "{responders: [{type: squad, name: a}]}",
       "f.yaml:5:24: error: type must be team, user, escalation or schedule [TC008]\n"},
      {"responder without name", "{responders: [{type: team}]}",
       "f.yaml:5:23: error: a responder needs exactly one of id, name and username [TC008]\n"},
      {"responder with two names", "{responders: [{type: team, name: a, id: b}]}",
       "f.yaml:5:23: error: a responder needs exactly one of id, name and username [TC008]\n"},
      {"user by name", "{responders: [{type: user, name: bob}]}",
       "f.yaml:5:23: error: a user has no name [TC008]\n  hint: use username, which is an e-mail "
       "address, or id\n"},
      {"user without address", "{responders: [{type: user, username: bob}]}",
       "f.yaml:5:23: error: the username of a user must be an e-mail address [TC008]\n"},
      {"team by username", "{responders: [{type: team, username: a@b.example}]}",
       "f.yaml:5:23: error: only a user has a username [TC008]\n  hint: use name or id\n"},
      {"blank name", "{responders: [{type: team, name: ' '}]}",
       "f.yaml:5:23: error: a responder needs exactly one of id, name and username [TC008]\n"},
      {"several addresses", "{responders: [{type: user, username: 'a@x.example,b@x.example'}]}",
       "f.yaml:5:23: error: the username of a user must be an e-mail address [TC008]\n"},
      {"long name", absl::StrCat("{responders: [{type: team, name: ", std::string(513, 'x'), "}]}"),
       "f.yaml:5:23: error: a responder's name has more than 512 bytes [TC008]\n"},
      {"responder's template", "{responders: [{type: team, name: '{{ .Labels.x'}]}",
       "f.yaml:5:43: error: template of name of a responder: "},
      {"tags no list", "{tags: a}", "f.yaml:5:16: error: tags must be a list [TC006]\n"},
      {"tag no text", "{tags: [[a]]}", "f.yaml:5:17: error: tags must be a text [TC006]\n"},
      {"tag's template", "{tags: [a, 'x {{ .Labels.x']}", "error: template of tags: "},
      {"Alertmanager's template", "{actions: ['{{ .CommonLabels.x }}']}",
       "error: template of actions: "},
      {"unsure template", "{entity: '{{ parseDuration .Labels.x }}'}",
       "f.yaml:5:18: warning: template of entity fails without labels: "},
      {"details no map", "{details: [a]}", "f.yaml:5:19: error: details must be a map [TC006]\n"},
      {"detail no text", "{details: {a: {b: c}}}",
       "f.yaml:5:23: error: detail \"a\" must be a text [TC006]\n"},
      {"detail of ours", "{details: {since: today}}",
       "f.yaml:5:20: error: detail \"since\" cannot be set [TC008]\n  hint: every page has"},
      {"detail without name", "{details: {' ': a}}",
       "f.yaml:5:20: error: a detail needs a name [TC008]\n"},
      {"detail's template", "{details: {a: '{{ if }}'}}", "error: template of detail \"a\": "},
      {"too many", absl::StrCat("{tags: ", many, "}"),
       "f.yaml:5:16: error: more than 50 tags [TC003]\n"},
      {"too long", absl::StrCat("{entity: ", std::string(16'385, 'x'), "}"),
       "f.yaml:5:9: error: page has more than 16384 bytes of text [TC003]\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const LoadResult result = LoadRules({{"f.yaml", MonitorWith(c.page)}});
    EXPECT_EQ(result.diagnostics.size(), 1u);
    EXPECT_THAT(Findings(MonitorWith(c.page)), HasSubstr(c.expected));
  }
}

TEST(PageFileTest, PrometheusRulesHaveNoSuchKey) {
  EXPECT_THAT(Findings("groups:\n- name: g\n  rules:\n  - alert: a\n    expr: up\n    page: "
                       "{priority: P2}\n"),
              HasSubstr("f.yaml:6:5: error: unknown key \"page\" in rule"));
}

// A template may become anything, so only what is certain is refused.
TEST(PageCheckTest, TemplatesOfRespondersAreLeftToTheirExpansion) {
  for (const PageResponder& responder :
       {PageResponder{"{{ .Labels.kind }}", "", "a", ""},
        PageResponder{"user", "", "", "{{ .Labels.owner }}"},
        PageResponder{"{{ .Labels.kind }}", "", "{{ .Labels.team }}", "{{ .Labels.owner }}"}}) {
    EXPECT_FALSE(CheckResponderType(responder));
    EXPECT_FALSE(CheckResponderName(responder));
  }
  EXPECT_TRUE(CheckResponderName({"{{ .Labels.kind }}", "", "", ""}));
  EXPECT_TRUE(CheckResponderName({"{{ .Labels.kind }}", "a", "b", ""}));
  EXPECT_TRUE(CheckResponderName({"user", "", "{{ .Labels.owner }}", ""}));
}

}  // namespace
}  // namespace tocsin::rules
