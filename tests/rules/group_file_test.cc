#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rules/rule_file.h"
#include "tests/rules/findings.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = R"(
groups:
  - name: node
    interval: 30s
    query_offset: 10s
    limit: 5
    labels: {team: infra, tier: "1"}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {tier: "2"}
      - alert: Down
        expr: |
          up
            == 0
        for: 5m
        keep_firing_for: 1h30m
        labels: {severity: critical, port: 9100}
        annotations:
          summary: "{{ $labels.instance }} is down"
  - name: empty
)";

TEST(GroupFileTest, ReadsEveryField) {
  const LoadResult result = LoadRules({{"f.yaml", kFile}});
  ASSERT_TRUE(result.ok()) << Findings(kFile);
  EXPECT_TRUE(result.diagnostics.empty()) << Findings(kFile);
  ASSERT_EQ(result.rules.groups.size(), 2u);
  const Group& group = result.rules.groups[0];
  EXPECT_EQ(group.name, "node");
  EXPECT_EQ(group.file, "f.yaml");
  EXPECT_EQ(group.interval, absl::Seconds(30));
  EXPECT_EQ(group.query_offset, absl::Seconds(10));
  EXPECT_EQ(group.limit, 5u);
  ASSERT_EQ(group.rules.size(), 2u);

  const auto& record = std::get<RecordRule>(group.rules[0]);
  EXPECT_EQ(record.name, "job:up:sum");
  const std::vector<std::pair<std::string, std::string>> labels = {{"team", "infra"},
                                                                   {"tier", "2"}};
  EXPECT_EQ(record.labels, labels) << "the rule's own label wins";

  const auto& alert = std::get<AlertRule>(group.rules[1]);
  EXPECT_EQ(alert.name, "Down");
  EXPECT_EQ(alert.query.text, "up\n  == 0\n");
  EXPECT_EQ(alert.query.position.line, 14);
  EXPECT_EQ(alert.query.position.column, 11);
  EXPECT_EQ(alert.for_duration, absl::Minutes(5));
  EXPECT_EQ(alert.keep_firing_for, absl::Minutes(90));
  ASSERT_EQ(alert.labels.size(), 4u);
  EXPECT_EQ(alert.labels[0].first, "port");
  EXPECT_EQ(alert.labels[0].second.text, "9100");
  EXPECT_EQ(alert.labels[3].first, "tier");
  ASSERT_EQ(alert.annotations.size(), 1u);
  EXPECT_EQ(alert.annotations[0].second.text, "{{ $labels.instance }} is down");

  EXPECT_FALSE(result.rules.groups[1].interval);
  EXPECT_FALSE(result.rules.groups[1].query_offset);
}

TEST(GroupFileTest, WhatPrometheusAccepts) {
  const struct {
    const char* name;
    const char* text;
  } cases[] = {
      {"empty file", ""},
      {"null groups", "groups:\n"},
      {"empty groups", "groups: []"},
      {"number as expr", "groups: [{name: g, rules: [{record: a, expr: 1}]}]"},
      {"float as expr", "groups: [{name: g, rules: [{record: a, expr: 1.5}]}]"},
      {"zero for on record", "groups: [{name: g, rules: [{record: a, expr: 1, for: 0s}]}]"},
      {"for 0",
       "groups: [{name: g, rules: [{alert: A, for: 0, expr: up, labels: {severity: x}}]}]"},
      {"null label", "groups: [{name: g, rules: [{alert: A, expr: up, labels: {severity: }}]}]"},
      {"boolean label", "groups: [{name: g, rules: [{record: a, expr: up, labels: {x: true}}]}]"},
      {"null labels", "groups: [{name: g, rules: [{record: a, expr: up, labels: }]}]"},
      {"UTF-8 names",
       "groups: [{name: g, rules: [{record: my.metric, expr: up, labels: {a.b: x}}]}]"},
      {"same rule twice",
       "groups: [{name: g, rules: [{record: a, expr: 1}, {record: a, expr: 2}]}]"},
      {"zero interval", "groups: [{name: g, interval: 0s}]"},
  };
  for (const auto& c : cases) EXPECT_EQ(Findings(c.text), "") << c.name;
}

std::string RuleFile(const std::string& rule) {
  return "groups:\n- name: g\n  rules:\n" + rule;
}

TEST(GroupFileTest, FindingsStandAtTheirPlace) {
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"not a map", "- a", "f.yaml:1:1: error: rule file must be a map of keys and values [TC006]"},
      {"unknown key", "group: []",
       "f.yaml:1:1: error: unknown key \"group\" in rule file [TC005]\n  hint: did you mean "
       "\"groups\"?"},
      {"wrong case", RuleFile("  - Alert: A\n    expr: up\n"),
       "f.yaml:4:5: error: unknown key \"Alert\" in rule [TC005]\n  hint: did you mean \"alert\"?"},
      {"vmalert key", "groups:\n- name: g\n  concurrency: 2\n",
       "f.yaml:3:3: error: unknown key \"concurrency\" in group [TC005]\n  hint: a key of vmalert"},
      {"unit test file", "rule_files: [a]\ntests: []\n",
       "hint: this looks like a unit test of rules"},
      {"kubernetes object", "apiVersion: v1\nspec: {groups: []}\n",
       "hint: a Kubernetes object wraps its rules in `spec:`"},
      {"no name", "groups:\n- rules: []\n",
       "f.yaml:2:3: error: Groupname must not be empty [TC007]"},
      {"repeated group", "groups:\n- name: g\n- name: g\n",
       "f.yaml:3:3: error: groupname: \"g\" is repeated in the same file [TC009]\n  hint: first "
       "given in line 2"},
      {"groups not a list", "groups: {a: 1}", "f.yaml:1:9: error: groups must be a list [TC006]"},
      {"rules not a list", "groups: [{name: g, rules: x}]",
       "f.yaml:1:27: error: rules must be a list"},
      {"bad interval", "groups: [{name: g, interval: 5}]",
       "f.yaml:1:30: error: interval: not a valid duration string: \"5\" [TC008]"},
      {"bad limit", "groups: [{name: g, limit: x}]",
       "f.yaml:1:27: error: limit must be a whole number [TC006]"},
      {"both", RuleFile("  - alert: A\n    record: b\n    expr: up\n"),
       "f.yaml:5:5: error: only one of 'record' and 'alert' must be set [TC014]"},
      {"neither", RuleFile("  - expr: up\n"),
       "f.yaml:4:5: error: one of 'record' or 'alert' must be set [TC007]"},
      {"no expr", RuleFile("  - alert: A\n    labels: {severity: x}\n"),
       "f.yaml:4:5: error: key \"expr\" is missing in rule [TC007]"},
      {"for on record", RuleFile("  - record: a\n    expr: up\n    for: 5m\n"),
       "f.yaml:6:5: error: invalid field 'for' in recording rule [TC014]"},
      {"keep_firing_for on record",
       RuleFile("  - record: a\n    expr: up\n    keep_firing_for: 5m\n"),
       "invalid field 'keep_firing_for' in recording rule"},
      {"annotations on record", RuleFile("  - record: a\n    expr: up\n    annotations: {a: b}\n"),
       "f.yaml:6:5: error: invalid field 'annotations' in recording rule"},
      {"braces in record", RuleFile("  - record: a{b=\"c\"}\n    expr: up\n"),
       "f.yaml:4:13: error: braces present in the recording rule name"},
      {"__name__ label", RuleFile("  - record: a\n    expr: up\n    labels: {__name__: b}\n"),
       "f.yaml:6:14: error: invalid label name: \"__name__\" [TC008]"},
      {"label not a text", RuleFile("  - record: a\n    expr: up\n    labels: {b: [1]}\n"),
       "f.yaml:6:17: error: label \"b\" must be a text [TC006]"},
      {"labels not a map", RuleFile("  - record: a\n    expr: up\n    labels: x\n"),
       "f.yaml:6:13: error: labels must be a map [TC006]"},
      {"expr, plain", RuleFile("  - record: a\n    expr: sum(up) + foo(1)\n"),
       "f.yaml:5:21: error: could not parse expression: "},
      {"expr, literal block",
       RuleFile("  - record: a\n    expr: |\n      sum(up)\n        + foo(1)\n"),
       "f.yaml:7:11: error: could not parse expression: "},
      {"expr, folded block",
       RuleFile("  - record: a\n    expr: >-\n      sum(up)\n      + foo(1)\n"),
       "f.yaml:7:9: error: could not parse expression: "},
      {"range vector", RuleFile("  - record: a\n    expr: up[5m]\n"),
       "f.yaml:5:11: error: expr gives a range vector, but a rule needs a scalar or an instant "
       "vector [TC010]\n  hint: wrap it"},
      {"string", RuleFile("  - record: a\n    expr: '\"x\"'\n"),
       "expr gives a string, but a rule needs"},
      {"template of label",
       RuleFile("  - alert: A\n    expr: up\n    labels: {severity: 'x {{ $nope }}'}\n"),
       "f.yaml:6:30: error: template of label \"severity\": undefined variable \"$nope\" [TC011]"},
      {"template in a block",
       RuleFile("  - alert: A\n    expr: up\n    labels: {severity: x}\n    annotations:\n      s: "
                "|\n        first\n        {{ foo }}\n"),
       "f.yaml:10:12: error: template of annotation \"s\": function \"foo\" not defined [TC011]"},
      {"value in label",
       RuleFile("  - alert: A\n    expr: up\n    labels: {severity: x, v: '{{ $value }}'}\n"),
       "f.yaml:6:30: warning: label \"v\" contains the value"},
      {"no severity", RuleFile("  - alert: A\n    expr: up\n"),
       "f.yaml:4:12: info: alert \"A\" has no severity label [TC052]"},
  };
  for (const auto& c : cases) EXPECT_THAT(Findings(c.text), HasSubstr(c.expected)) << c.name;
}

TEST(GroupFileTest, AllErrorsOfAllFilesComeAtOnce) {
  const LoadResult result =
      LoadRules({{"a.yaml", RuleFile("  - record: a\n    expr: up[\n    x: 1\n")},
                 {"b.yaml", "groups: ["},
                 {"c.yaml", kFile}});
  EXPECT_FALSE(result.ok());
  std::string all;
  for (const Diagnostic& finding : result.diagnostics) {
    all += finding.position.file + ":" + std::to_string(finding.position.line) + " " +
           finding.code + "\n";
  }
  EXPECT_EQ(all, "a.yaml:5 TC010\na.yaml:6 TC005\nb.yaml:1 TC002\n");
}

TEST(GroupFileTest, LintCanBeSwitchedOff) {
  LoadOptions options;
  options.lint = false;
  EXPECT_EQ(Findings(RuleFile("  - alert: A\n    expr: up\n"), options), "");
}

TEST(GroupFileTest, ChoosingByValueInALabelIsFine) {
  EXPECT_EQ(Findings(RuleFile("  - alert: A\n    expr: up\n    labels:\n      severity: '{{ if gt "
                              "$value 1.0 }}a{{ else }}b{{ end }}'\n")),
            "");
}

TEST(GroupFileTest, LabelsCannotQuoteEvidence) {
  const std::string alert = "  - alert: A\n    expr: up\n    labels:\n      severity: critical\n";
  const std::string quote = "      x: 'a{{ .Evidence.TraceID }}'\n";
  EXPECT_EQ(Findings(RuleFile(alert + quote)),
            "f.yaml:8:15: error: template of label \"x\": labels cannot quote evidence [TC011]\n  "
            "hint: annotations can, and templates of receivers\n");
  EXPECT_EQ(Findings(RuleFile(alert + "    annotations:\n" + quote)), "");
}

TEST(GroupFileTest, WhatTheEngineDoesNotEvaluateIsRefusedAtItsPlace) {
  LoadOptions options;
  options.unsupported = [](const promql::Expr& expr) -> std::optional<promql::ParseError> {
    const promql::Expr& root = promql::Unwrap(expr);
    if (root.kind != promql::ExprKind::kBinary) return std::nullopt;
    return promql::ParseError{promql::As<promql::BinaryExpr>(root).rhs->span, "this side",
                              "turn it"};
  };
  EXPECT_EQ(Findings(RuleFile("  - record: a\n    expr: |\n      up\n        + down\n"), options),
            "f.yaml:7:11: error: not supported yet: this side [TC012]\n  hint: turn it\n");
}

TEST(GroupFileTest, RevisionFollowsPathsAndContents) {
  const std::string a = LoadRules({{"a", "groups: []"}}).rules.revision;
  EXPECT_EQ(a.size(), 32u);
  EXPECT_EQ(a, LoadRules({{"a", "groups: []"}}).rules.revision);
  EXPECT_NE(a, LoadRules({{"b", "groups: []"}}).rules.revision);
  EXPECT_NE(a, LoadRules({{"a", "groups:  []"}}).rules.revision);
  EXPECT_NE(LoadRules({{"a", "b: 1"}, {"c", ""}}).rules.revision,
            LoadRules({{"a", ""}, {"b: 1c", ""}}).rules.revision);
}

TEST(GroupFileTest, TooManyRules) {
  LoadOptions options;
  options.rules_max = 1;
  EXPECT_EQ(Findings(kFile, options),
            "f.yaml:12:16: error: more than 1 rules in all files together [TC003]\n"
            "  hint: raise limits.rules_max\n");
  options.rules_max = 2;
  EXPECT_EQ(Findings(kFile, options),
            "f.yaml:21:5: error: more than 2 rules in all files together [TC003]\n"
            "  hint: raise limits.rules_max\n")
      << "a group without rules counts as one";
  options.rules_max = 3;
  EXPECT_EQ(Findings(kFile, options), "");
}

// Small rules are many, or few are large: what they cost together is limited, too.
TEST(GroupFileTest, ExpressionsThatAreTooMuchTogether) {
  const std::string file = RuleFile(
      "  - record: a\n    expr: x{a=~\"b|c\"} + 1\n"
      "  - record: b\n    expr: x{a=~\"b|c\"} + 1\n");
  LoadOptions options;
  options.expression_nodes_max = 9;
  EXPECT_EQ(Findings(file, options),
            "f.yaml:7:11: error: more than 9 parts of expressions in all files together [TC003]\n"
            "  hint: raise limits.expression_nodes_max\n");
  options.expression_nodes_max = 10;
  EXPECT_EQ(Findings(file, options), "");
  options.regex_instructions_max = 1;
  EXPECT_THAT(
      Findings(file, options),
      HasSubstr("f.yaml:5:11: error: more than 1 instructions of regular expressions in all "
                "files together [TC003]\n  hint: raise limits.regex_instructions_max\n"));
}

}  // namespace
}  // namespace tocsin::rules
