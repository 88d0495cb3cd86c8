#include "rules/templates/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

// What the recorded cases of Prometheus do not show: positions, newer functions, what is refused.
namespace tocsin::templates {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Expand(const std::string& text, const TemplateData& data = {}) {
  const auto parsed = Template::Parse(text);
  if (!parsed.ok()) return "parse: " + std::string(parsed.status().message());
  return ExpandOrError(**parsed, data);
}

TEST(TemplateTest, ErrorsNameLineAndColumn) {
  const struct {
    const char* name;
    const char* text;
    const char* expected;
  } cases[] = {
      {"function", "{{ foo }}", "parse: 1:4: function \"foo\" not defined"},
      {"second line", "a\nb {{ $x }}", "parse: 2:6: undefined variable \"$x\""},
      {"code points", "äöü {{ $x }}", "parse: 1:8: undefined variable \"$x\""},
      {"unclosed", "ab {{ 1 ", "parse: 1:4: unclosed action"},
      {"unclosed if", "ab {{ if true }}x", "parse: 1:4: {{if}} is not closed by {{end}}"},
      {"else twice", "{{if true}}{{else}}{{else}}{{end}}",
       "parse: 1:20: expected {{end}}; found {{else}}"},
      {"comment", "x {{/* a }}", "parse: 1:3: unclosed comment"},
      {"paren", "{{ (1 }}", "parse: 1:7: unclosed left paren"},
      {"define", "{{ define \"x\" }}{{ end }}", "parse: 1:4: not supported yet: {{define}}"},
      {"call", "{{ call 1 }}", "parse: 1:4: not supported yet: function \"call\""},
      {"number", "{{ 99999999999999999999 }}",
       "parse: 1:4: illegal number syntax: \"99999999999999999999\""},
      {"no function", "{{ 1 2 }}",
       "<error expanding template: 1:4: can't give argument to non-function>"},
      {"regex", "{{ match \"(\" \"\" }}",
       "<error expanding template: 1:4: error calling match: error parsing regexp: missing ): (: "
       "`(`>"},
      {"run time", "ab {{ toUpper 1 }}",
       "<error expanding template: 1:7: error calling toUpper: wrong type for value; expected "
       "string; got int>"},
      {"no query", "{{ query \"up\" }}",
       "<error expanding template: 1:4: error calling query: query is not supported here>"},
  };
  for (const auto& c : cases) EXPECT_EQ(Expand(c.text), c.expected) << c.name;
}

TEST(TemplateTest, NewerFunctions) {
  TemplateData data;
  data.now = Timestamp::FromMillis(1'700'000'000'500);
  data.value = 3661.5;
  data.external_url = "https://alerts.example/tocsin?x=1";
  EXPECT_EQ(Expand("{{ now | printf \"%.1f\" }}", data), "1700000000.5");
  EXPECT_EQ(Expand("{{ now | toTime }}", data), "2023-11-14 22:13:20.5 +0000 UTC");
  EXPECT_EQ(Expand("{{ $value | toDuration }}", data), "1h1m1.5s");
  EXPECT_EQ(Expand("{{ toDuration 0.0015 }} {{ toDuration 0.0000015 }} {{ toDuration 0 }}", data),
            "1.5ms 1.5µs 0s");
  EXPECT_EQ(Expand("{{ toDuration 90 | humanizeDuration }}", data), "1m 30s");
  EXPECT_EQ(Expand("{{ urlQueryEscape \"a b\" }}", data), "a+b");
  EXPECT_EQ(Expand("{{ externalURL }} {{ pathPrefix }}", data),
            "https://alerts.example/tocsin?x=1 /tocsin");
}

// Prometheus lets the conversion to an integer overflow here.
TEST(TemplateTest, DurationsBeyondAllBoundsStayReadable) {
  EXPECT_EQ(Expand("{{ humanizeDuration 1e21 }} {{ humanizeDuration -1e30 }}"), "1e+21s -1e+30s");
}

TEST(TemplateTest, MissingExternalLabelsAreEmpty) {
  EXPECT_EQ(Expand("[{{ $externalLabels.site }}{{ $labels.x }}]"), "[]");
}

TEST(TemplateTest, CaseOfOtherAlphabets) {
  EXPECT_EQ(Expand("{{ toUpper \"straße žluť ёж αβγ\" }}"), "STRAßE ŽLUŤ ЁЖ ΑΒΓ");
  EXPECT_EQ(Expand("{{ toLower \"ŽLUŤ ÉÀ ЁЖ ΑΒΓ ŹŻ\" }}"), "žluť éà ёж αβγ źż");
  EXPECT_EQ(Expand("{{ title \"été à-paris\" }}"), "Été À-Paris");
}

TEST(TemplateTest, ElseWithAndElseIfChains) {
  EXPECT_EQ(Expand("{{ with \"\" }}a{{ else with \"b\" }}<{{ . }}>{{ else }}c{{ end }}!"), "<b>!");
  EXPECT_EQ(Expand("{{ if false }}a{{ else if false }}b{{ else if true }}c{{ end }}!"), "c!");
}

TEST(TemplateTest, AndOrStopAtTheDecidingArgument) {
  EXPECT_EQ(Expand("{{ or 1 (toUpper 2) }} {{ and 0 (toUpper 2) }}"), "1 0");
}

TEST(TemplateTest, FailingQueryIsAnError) {
  TemplateData data;
  data.query = [](absl::string_view) -> absl::StatusOr<std::vector<QueryRow>> {
    return absl::UnavailableError("gone");
  };
  EXPECT_THAT(Expand("{{ query \"up\" }}", data), HasSubstr("error calling query: gone"));
}

TEST(TemplateTest, EvidenceIsReadByItsFields) {
  const Evidence evidence{
      .logs = {{Timestamp::FromMillis(1'700'000'000'500), "error: timed out", "t1", {}},
               {Timestamp::FromMillis(1'700'000'000'000), "second", "", {}}},
      .traces = {{Timestamp::FromMillis(1'700'000'000'000), "2.5", "t2", 2.5}},
      .trace_id = "t1"};
  const Evidence none;
  TemplateData data;
  data.evidence = &evidence;
  const std::string error = "<error expanding template: 1:4: can't evaluate field ";
  const std::pair<std::string, std::string> cases[] = {
      {"{{ range .Evidence.Logs }}[{{ .Text }} {{ .TraceID }}]{{ end }}",
       "[error: timed out t1][second ]"},
      {"{{ range $i, $log := .Evidence.Logs }}{{ $i }}{{ $log.Text }} {{ $.Evidence.TraceID }},"
       "{{ end }}",
       "0error: timed out t1,1second t1,"},
      {"{{ (index .Evidence.Logs 0).Time }}", "2023-11-14 22:13:20.5 +0000 UTC"},
      {"{{ range .Evidence.Traces }}{{ .TraceID }} {{ humanize .Value }} {{ .Text }}{{ end }}",
       "t2 2.5 2.5"},
      {"{{ len .Evidence.Logs }} {{ len .Evidence.Traces }}", "2 1"},
      {"{{ with .Evidence }}{{ .TraceID }}{{ else }}none{{ end }}", "t1"},
      {"{{ .Evidence }}{{ .Evidence.Logs }}",
       "{[error: timed out second] [2.5]}[error: timed out second]"},
      {"{{ .Evidence.Logs | printf \"%q\" }}", "[\"error: timed out\" \"second\"]"},
      {"{{ .Evidence.Log }}", error + "Log in type evidence>"},
      {"{{ (index .Evidence.Logs 0).Value }}", error + "Value in type piece of evidence>"},
      {"{{ index .Evidence.Traces 1 }}",
       "<error expanding template: 1:4: error calling index: index out of range: 1>"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Expand(text, data), expected) << text;
  data.evidence = &none;
  EXPECT_EQ(
      Expand("{{ if .Evidence }}some{{ end }}{{ range .Evidence.Logs }}x{{ else }}none{{ end }}"
             "{{ .Evidence.TraceID }}",
             data),
      "none");
  data.evidence = nullptr;
  EXPECT_EQ(Expand("{{ .Evidence }}", data), error + "Evidence in type template data>");
}

TEST(TemplateTest, WhatLooksAtEvidenceIsKnown) {
  const auto looks = [](const std::string& text) {
    const auto parsed = Template::Parse(text);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed.ok() && (*parsed)->LooksAtEvidence();
  };
  for (const char* text :
       {"{{ .Evidence }}", "{{ if true }}{{ $.Evidence.TraceID }}{{ end }}",
        "{{ range (.Evidence).Logs }}{{ end }}", "{{ $x := . }}{{ $x.Evidence.Logs }}",
        "{{ if false }}{{ else }}{{ len .Evidence.Logs }}{{ end }}"}) {
    EXPECT_TRUE(looks(text)) << text;
  }
  for (const char* text : {".Evidence", "{{ .Labels.Evidence }}", "{{ $labels.Evidence }}",
                           "{{ \".Evidence\" }}", "{{ $externalLabels.Evidence }}"}) {
    EXPECT_FALSE(looks(text)) << text;
  }
}

TEST(TemplateTest, QueriesAreFoundWhereverTheyStand) {
  const auto queries = [](const std::string& text) {
    const auto parsed = Template::Parse(text);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed.ok() ? (*parsed)->Queries() : std::vector<std::string>{};
  };
  EXPECT_THAT(queries("{{ query \"a\" | first | value }}"), ElementsAre("a"));
  EXPECT_THAT(queries("{{ \"a\" | query }}"), ElementsAre("a"));
  EXPECT_THAT(queries("{{ if true }}{{ range query \"a\" }}{{ end }}{{ else }}"
                      "{{ with (query `b` | first) }}{{ end }}{{ end }}"),
              ElementsAre("a", "b"));
  EXPECT_THAT(queries("{{ printf \"up{a='%s'}\" $labels.a | query }}"), IsEmpty());
}

}  // namespace
}  // namespace tocsin::templates
