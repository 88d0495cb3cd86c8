#include "app/commands/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tocsin::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGoodRules[] =
    "groups:\n- name: g\n  rules:\n"
    "  - {alert: Down, expr: up == 0, labels: {severity: critical}}\n";
constexpr char kBadRules[] =
    "groups:\n- name: h\n  rules:\n  - {alert: Bad, expr: 'up ==', labels: {severity: page}}\n";
constexpr char kConfig[] = "rules: [rules/*.yaml]\nreceivers: [{name: a}]\nroute: {receiver: a}\n";

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin_check_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~CheckTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path.string();
  }
  int Run(CheckOptions options) {
    std::ostringstream out, err;
    const int code = RunCheck(options, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::filesystem::path folder_;
  std::string out_, err_;
};

TEST_F(CheckTest, GoodFilesGiveNoFindings) {
  EXPECT_EQ(Run({.paths = {Write("a.yaml", kGoodRules)}}), 0) << out_ << err_;
  EXPECT_EQ(out_, "");
  EXPECT_THAT(err_, HasSubstr("checked 1 rule files (1 rules in 1 groups, 0 monitors) and 0 "
                              "configurations: 0 errors, 0 warnings"));
}

TEST_F(CheckTest, ErrorsAreShownAtTheirPlace) {
  const std::string path = Write("a.yaml", kBadRules);
  EXPECT_EQ(Run({.paths = {path}}), 1);
  EXPECT_THAT(out_, HasSubstr(path + ":4:"));
  EXPECT_THAT(out_, HasSubstr("[TC010]"));
}

TEST_F(CheckTest, FoldersAreSearchedAndUnitTestsLeftOut) {
  Write("rules/deep/a.yaml", kGoodRules);
  Write("rules/b.yml", kBadRules);
  Write("rules/a_test.yaml", "rule_files: [a.yaml]\ntests: []\n");
  Write("rules/readme.md", "not YAML: [");
  EXPECT_EQ(Run({.paths = {folder_.string()}}), 1);
  EXPECT_THAT(out_, HasSubstr("b.yml:4:"));
  EXPECT_THAT(err_, HasSubstr("a_test.yaml is a unit test of rules, not checked"));
  EXPECT_THAT(err_, HasSubstr("checked 2 rule files"));
}

TEST_F(CheckTest, AConfigurationBringsItsRules) {
  const std::string config = Write("tocsin.yaml", kConfig);
  Write("rules/a.yaml", kBadRules);
  EXPECT_EQ(Run({.paths = {config}}), 1);
  EXPECT_THAT(out_, HasSubstr("rules/a.yaml:4:"));
  EXPECT_EQ(Run({.paths = {folder_.string()}}), 1);
  EXPECT_THAT(err_, HasSubstr("checked 1 rule files")) << "named twice, checked once";
}

TEST_F(CheckTest, AConfigurationIsKnownByItsKeys) {
  EXPECT_EQ(Run({.paths = {Write("other.yaml", "listen: {grcp: x}\n")}}), 1);
  EXPECT_THAT(out_, HasSubstr("unknown key \"grcp\" in listen"));
}

TEST_F(CheckTest, SecretsNeedNotBeThere) {
  const std::string config =
      Write("tocsin.yaml",
            "receivers: [{name: a, opsgenie_configs: [{api_key_file: /nonexistent/key}]}]\n"
            "route: {receiver: a}\n");
  EXPECT_EQ(Run({.paths = {config}}), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("warning: cannot read /nonexistent/key"));
  EXPECT_EQ(Run({.paths = {config}, .strict = true}), 1);
}

TEST_F(CheckTest, WhatCannotBeReadIsWrongUse) {
  EXPECT_EQ(Run({.paths = {(folder_ / "nope.yaml").string()}}), 2);
  EXPECT_THAT(err_, HasSubstr("there is no "));
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_EQ(Run({.paths = {(folder_ / "empty").string()}}), 2);
  EXPECT_THAT(err_, HasSubstr("nothing to check"));
}

TEST_F(CheckTest, NamedRuleFilesMustExist) {
  EXPECT_EQ(Run({.paths = {Write("tocsin.yaml", "rules: [gone.yaml]\n")}}), 2);
  EXPECT_THAT(out_, HasSubstr("gone.yaml: error: "));
}

TEST_F(CheckTest, WhatTheEngineCannotEvaluateIsSaidOnce) {
  const std::string path =
      Write("a.yaml", "groups:\n- name: g\n  rules:\n  - {record: a:b, expr: 'limitk(1, up)'}\n");
  EXPECT_EQ(Run({.paths = {path}}), 1);
  EXPECT_THAT(out_, Not(HasSubstr("not supported yet: not supported yet")));
}

TEST_F(CheckTest, PrintsTheDefaultsWithoutAPath) {
  EXPECT_EQ(Run({.print_config = true}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("grpc: \"127.0.0.1:4317\""), HasSubstr("retention: 2d"),
                          HasSubstr("series_max: 2000000")));
}

}  // namespace
}  // namespace tocsin::app
