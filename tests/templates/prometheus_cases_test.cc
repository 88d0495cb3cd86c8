#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "rules/templates/template.h"

// What Prometheus itself writes for a few hundred templates. prometheus_cases.jsonl holds, per
// line, a template, the alert's value, and what promtool 2.42 made of them: the output, the error
// at run time (without its position) or the error while parsing.
namespace tocsin::templates {
namespace {

struct Case {
  std::string name;
  double value = 0;
  std::string text;
  nlohmann::json expected;
};

double ParseValue(const std::string& text) {
  if (text == "NaN") return std::nan("");
  return std::strtod(text.c_str(), nullptr);
}

std::vector<Case> ReadCases() {
  const char* root = std::getenv("TOCSIN_SOURCE_DIR");
  std::ifstream file(std::string(root ? root : ".") + "/tests/templates/prometheus_cases.jsonl");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    cases.push_back({"line " + std::to_string(cases.size() + 1),
                     ParseValue(json["value"].get<std::string>()),
                     json["template"].get<std::string>(), json});
  }
  return cases;
}

// The series the recorded run had.
absl::StatusOr<std::vector<QueryRow>> Query(absl::string_view text) {
  if (text == "single") {
    return std::vector<QueryRow>{{Labels{{"__name__", "single"},
                                         {"instance", "host.example.org:9100"},
                                         {"job", "node"},
                                         {"i", "s"}},
                                  7}};
  }
  if (text == "multi") {
    return std::vector<QueryRow>{{Labels{{"__name__", "multi"}, {"i", "a"}}, 1500},
                                 {Labels{{"__name__", "multi"}, {"i", "b"}}, 2},
                                 {Labels{{"__name__", "multi"}, {"i", "c"}}, 3}};
  }
  return std::vector<QueryRow>{};
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PrometheusCasesTest, OutputIsThatOfPrometheus) {
  const std::vector<Case> cases = ReadCases();
  ASSERT_GT(cases.size(), 300u) << "prometheus_cases.jsonl is missing";
  const Labels labels{{"instance", "host.example.org:9100"}, {"job", "node"}, {"i", "s"}};
  const Labels external{{"foo", "bar"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name + ": " + c.text);
    const auto parsed = Template::Parse(c.text);
    if (c.expected.contains("parse_error")) {
      ASSERT_FALSE(parsed.ok());
      EXPECT_TRUE(Contains(std::string(parsed.status().message()),
                           c.expected["parse_error"].get<std::string>()))
          << parsed.status();
      continue;
    }
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    TemplateData data;
    data.labels = &labels;
    data.external_labels = &external;
    data.external_url = "http://ext.example:9090/pre/fix";
    data.value = c.value;
    data.query = Query;
    const auto output = (*parsed)->Expand(data);
    if (c.expected.contains("error")) {
      ASSERT_FALSE(output.ok()) << *output;
      EXPECT_TRUE(
          Contains(std::string(output.status().message()), c.expected["error"].get<std::string>()))
          << output.status() << "\nexpected: " << c.expected["error"];
    } else {
      ASSERT_TRUE(output.ok()) << output.status();
      EXPECT_EQ(*output, c.expected["output"].get<std::string>());
    }
  }
}

}  // namespace
}  // namespace tocsin::templates
