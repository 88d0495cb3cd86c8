// Composite monitors as rule files say them: expressions, their errors, and what only all rules
// together can tell.
#include "rules/composite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/rule_file.h"
#include "tests/rules/findings.h"

namespace tocsin::rules {
namespace {

using ::testing::HasSubstr;

std::string Shown(const Composite& composite, const CompositeNode& node) {
  if (node.kind == CompositeNode::Kind::kTest) {
    const char* const ops[] = {">", ">=", "<", "<=", "==", "!="};
    const std::string labels =
        node.on ? absl::StrCat("[", absl::StrJoin(*node.on, " "), "]") : std::string();
    return absl::StrCat(composite.members[node.member].name, labels,
                        ops[static_cast<size_t>(node.test.op)],
                        node.test.no_data ? "no_data" : LevelName(node.test.level));
  }
  std::vector<std::string> parts;
  for (const CompositeNode& child : node.children) parts.push_back(Shown(composite, child));
  return absl::StrCat(
      "(", absl::StrJoin(parts, node.kind == CompositeNode::Kind::kAnd ? " & " : " | "), ")");
}

std::string Parsed(const std::string& text) {
  const ParsedComposite parsed = ParseComposite(text);
  if (parsed.error) return absl::StrCat(parsed.error->offset, ": ", parsed.error->message);
  return Shown(*parsed.composite, parsed.composite->root);
}

TEST(CompositeTest, Expressions) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"a", "a!=ok"},
      {"checkout-latency >= warning and not deploy-running",
       "(checkout-latency>=warning & deploy-running==ok)"},
      {"a or b and c or d", "(a!=ok | (b!=ok & c!=ok) | d!=ok)"},
      {"(a or b) and c", "((a!=ok | b!=ok) & c!=ok)"},
      {"not a and b", "(a==ok & b!=ok)"},
      {"not (a and b or c)", "((a==ok | b==ok) & c==ok)"},
      {"not not a", "a!=ok"},
      {"not a > warning", "a<=warning"},
      {"a == no_data or b != no_data", "(a==no_data | b!=no_data)"},
      {"not a == no_data", "a!=no_data"},
      {"a<critical\n  and\tb==ok", "(a<critical & b==ok)"},
      {"\"my monitor: 1\" and 'it\\'s'", "(my monitor: 1!=ok & it's!=ok)"},
      {"\"and\" and \"not\"", "(and!=ok & not!=ok)"},
      {"a and on (service) not b", "(a!=ok & b[service]==ok)"},
      {"a or on(x, y) (b and c)", "(a!=ok | (b[x y]!=ok & c[x y]!=ok))"},
      {"a and on (x, y) (b and on (y, z) c)", "(a!=ok & (b[x y]!=ok & c[y]!=ok))"},
      {"a and on () b", "(a!=ok & b[]!=ok)"},
      {"a == critical", "a==critical"},
      {"warning == warning", "warning==warning"},
      {"A_b-3 and 3", "(A_b-3!=ok & 3!=ok)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Parsed(c.text), c.expected) << c.text;
}

TEST(CompositeTest, EachNameIsOneMember) {
  const ParsedComposite parsed = ParseComposite("a and not (b or a == critical)");
  ASSERT_TRUE(parsed.composite);
  ASSERT_EQ(parsed.composite->members.size(), 2u);
  EXPECT_EQ(parsed.composite->members[1].name, "b");
  EXPECT_EQ(parsed.composite->members[1].offset, 11u);
}

TEST(CompositeTest, Errors) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"", "0: a monitor's name is missing before end of the expression"},
      {"a and", "5: a monitor's name is missing before end of the expression"},
      {"and b", "0: a monitor's name is missing before \"and\""},
      {"a b", "2: unexpected \"b\""},
      {"a and not", "9: a monitor's name is missing"},
      {"(a or b", "7: expected ), got end of the expression"},
      {"a)", "1: unexpected \")\""},
      {"a = ok", "2: unexpected character '='"},
      {"!a", "0: unexpected character '!'"},
      {"a.b", "1: unexpected character '.'"},
      {"a \xc3\xa9", "2: unexpected character '\xc3\xa9'"},
      {"\"a", "0: the quoted name does not end"},
      {"a >= bad", "5: expected ok, warning, critical or no_data behind >=, got \"bad\""},
      {"a >=", "4: expected ok, warning, critical or no_data behind >=, got end"},
      {"a > no_data", "2: no_data is no better or worse than a level"},
      {"a > critical", "2: no level is > critical"},
      {"a >= ok", "2: every level is >= ok"},
      {"a and on b", "9: expected ( behind on, got \"b\""},
      {"a and on (x b", "12: expected ) behind the labels, got \"b\""},
      {"a and on (,) b", "10: a label's name is missing before \",\""},
      {"on (x) a", "0: a monitor's name is missing before \"on\""},
      {"a > ok > ok", "7: unexpected \">\""},
  };
  for (const auto& c : cases) EXPECT_THAT(Parsed(c.text), HasSubstr(c.expected)) << c.text;
}

TEST(CompositeTest, Limits) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '(') + "a" + std::string(levels, ')');
  };
  EXPECT_EQ(Parsed(nested(kCompositeDepthMax - 1)), "a!=ok");
  EXPECT_EQ(Parsed(nested(kCompositeDepthMax)), "64: more than 64 levels of nesting");
  std::string many = "a";
  for (size_t i = 1; i < kCompositeTestsMax; ++i) many += " or a";
  EXPECT_THAT(Parsed(many), HasSubstr("(a!=ok | a!=ok"));
  EXPECT_THAT(Parsed(many + " or a"), HasSubstr("more than 1000 tests of members"));
  EXPECT_EQ(Parsed(std::string(kCompositeBytesMax + 1, ' ')), "0: longer than 65536 bytes");
}

constexpr char kMembers[] =
    "monitors:\n"
    "- {name: slow, query: up, threshold: {critical: '> 1'}}\n"
    "- {name: deploy, query: up, threshold: {critical: '> 1'}}\n";

TEST(CompositeTest, IsReadFromARuleFile) {
  const LoadResult result = LoadRules({{"f.yaml", absl::StrCat(kMembers, R"(
- name: broken
  composite: >-
    slow >= warning
    and not deploy
  severity: warning
  mode: shadow
  for: 1m
  keep_firing_for: 2m
)")}});
  ASSERT_TRUE(result.ok()) << FormatDiagnostic(result.diagnostics[0]);
  const Monitor& monitor = result.rules.monitors[2];
  ASSERT_TRUE(monitor.composite);
  EXPECT_EQ(monitor.composite->text, "slow >= warning and not deploy");
  EXPECT_EQ(monitor.composite->severity, Level::kWarning);
  EXPECT_EQ(monitor.composite->members[1].position.line, 8);
  EXPECT_EQ(monitor.composite->members[1].position.column, 13);
  EXPECT_TRUE(monitor.shadow);
  EXPECT_EQ(monitor.for_duration, absl::Minutes(1));
  EXPECT_EQ(monitor.keep_firing_for, absl::Minutes(2));
}

TEST(CompositeTest, FindingsStandAtTheirPlace) {
  const auto with = [](const std::string& rest) { return absl::StrCat(kMembers, rest); };
  const auto composite = [&](const std::string& text) {
    return with("- name: broken\n  composite: " + text + "\n");
  };
  const std::string group =
      "groups: [{name: g, rules: [{alert: High, expr: up}, {alert: High, expr: up > 1}, "
      "{record: x, expr: up}, {alert: slow, expr: up}]}]\n";
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"syntax", composite("slow and and"),
       "f.yaml:5:23: error: could not parse composite: a monitor's name is missing before \"and\" "
       "[TC015]"},
      {"unknown", composite("slow and not deploi"),
       "f.yaml:5:27: error: there is no monitor or alerting rule \"deploi\" [TC015]\n  hint: did "
       "you mean \"deploy\"?"},
      {"itself", composite("slow or broken"),
       "f.yaml:5:22: error: composite monitors read each other in a circle: broken -> broken"},
      {"circle",
       with("- {name: a, composite: slow and b}\n- {name: b, composite: c}\n"
            "- {name: c, composite: not a}\n"),
       "f.yaml:6:28: error: composite monitors read each other in a circle: a -> b -> c -> a"},
      {"a recorded series", group + composite("x"), "there is no monitor or alerting rule \"x\""},
      {"monitor and rule", group + composite("slow"),
       "f.yaml:6:14: error: \"slow\" is both a monitor and an alerting rule [TC015]"},
      {"query", with("- name: m\n  query: up\n  composite: slow\n"),
       "f.yaml:5:3: error: a composite monitor reads other monitors and has no query [TC014]"},
      {"no_data", with("- name: m\n  composite: slow\n  no_data: {after: 1m, as: ok}\n"),
       "f.yaml:6:3: error: a composite monitor has no data of its own; its members have [TC014]"},
      {"severity", with("- name: m\n  composite: slow\n  severity: bad\n"),
       "f.yaml:6:13: error: severity must be warning or critical [TC008]"},
      {"severity of others",
       with("- {name: m, query: up, threshold: {critical: '> 1'}, severity: warning}\n"),
       "error: only a composite monitor has a severity of its own [TC014]"},
      {"not a text", composite("[slow]"), "f.yaml:5:14: error: composite must be a text [TC006]"},
  };
  for (const auto& c : cases) EXPECT_THAT(Findings(c.text), HasSubstr(c.expected)) << c.name;
  EXPECT_EQ(Findings("groups: [{name: g, rules: [{alert: High, expr: up, labels: {severity: x}}, "
                     "{alert: High, expr: up > 1, labels: {severity: y}}]}]\n" +
                     composite("High and slow")),
            "");
}

// A circle is told once, however many composites lead into it.
TEST(CompositeTest, ACircleIsToldOnce) {
  const LoadResult result = LoadRules({{"f",
                                        "monitors:\n- {name: a, composite: b}\n"
                                        "- {name: b, composite: a}\n"
                                        "- {name: c, composite: a or b}\n"}});
  ASSERT_EQ(result.diagnostics.size(), 1u);
}

}  // namespace
}  // namespace tocsin::rules
