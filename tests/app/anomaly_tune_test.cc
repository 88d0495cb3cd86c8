// `tocsin anomaly tune` by its words, on data directories in files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "app/command_line.h"
#include "base/check.h"
#include "base/random.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::app {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const Timestamp kStart = Timestamp::FromMillis(1'700'000'100'000);  // 2023-11-14T22:15:00Z
constexpr absl::Duration kStep = absl::Minutes(5);

constexpr char kRules[] = R"(
monitors:
- name: orders-unusual
  query: orders
  anomaly: {interval: 5m, sensitivity: 1.2, severity: {warning: 1, critical: 3}}
  labels: {team: shops}
  annotations: {summary: "{{ $value }} orders"}
- name: orders-low
  query: orders
  threshold: {critical: "< 10"}
groups:
- name: prometheus
  rules:
  - {alert: OrdersMissing, expr: absent(orders), labels: {severity: page}}
)";

// Two shops for so many days; that in the north sells nothing for two hours of the fourth.
void Record(const std::string& data_dir, int days) {
  const auto store = *storage::OpenRocksdbStore(data_dir);
  const auto log = *storage::OpenSampleLog(*store);
  SeededRandom noise(7);
  std::vector<storage::NewSeries> fresh = {{1, Labels{{"__name__", "orders"}, {"shop", "north"}}},
                                           {2, Labels{{"__name__", "orders"}, {"shop", "south"}}}};
  const Timestamp fault = kStart + absl::Hours(80);
  for (Timestamp at = kStart; at < kStart + days * absl::Hours(24); at = at + kStep) {
    const double usual = 1000 + 400 * std::sin(2 * M_PI * at.seconds() / 86400);
    const bool off = at >= fault && at < fault + absl::Hours(2);
    SampleBatch batch;
    batch.Add(1, at.millis(), off ? 0 : usual + 40 * noise.Uniform());
    batch.Add(2, at.millis(), usual + 40 * noise.Uniform());
    TOCSIN_CHECK(log->Append(batch, fresh, at).ok());
    fresh.clear();
  }
}

class AnomalyTuneTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    recording_ = new storage::TempDir;
    Record(recording_->path(), 5);
  }
  static void TearDownTestSuite() {
    delete recording_;
    recording_ = nullptr;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(files_.path(), "/", name);
    std::ofstream(path) << text;
    return path;
  }
  int Run(std::vector<std::string> words) {
    std::ostringstream out, err;
    words.insert(words.begin(), {"anomaly", "tune"});
    const int code = RunCommandLine(std::move(words), out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  // With the rules above, on the recording of five days.
  int Tune(std::vector<std::string> words) {
    words.insert(words.end(), {"--on", recording_->path(), "--rules", Write("rules.yaml", kRules)});
    return Run(std::move(words));
  }
  // The words of the line that starts so.
  std::vector<std::string> Line(const std::string& start) const {
    for (const absl::string_view line : absl::StrSplit(out_, '\n')) {
      if (line.substr(0, start.size()) == start) {
        return absl::StrSplit(line, ' ', absl::SkipEmpty());
      }
    }
    return {};
  }

  static storage::TempDir* recording_;
  storage::TempDir files_;
  std::string out_, err_;
};

storage::TempDir* AnomalyTuneTest::recording_ = nullptr;

TEST_F(AnomalyTuneTest, SaysWhatEachSensitivityWouldHavePaged) {
  ASSERT_EQ(Tune({"orders-unusual"}), 0) << err_;
  EXPECT_THAT(out_, StartsWith(absl::StrCat("rule:       orders-unusual (", files_.path(),
                                            "/rules.yaml:3), every 5m\n")));
  EXPECT_THAT(out_, HasSubstr("recording:  4d23h55m, from 2023-11-14T22:15:00.000Z to "
                              "2023-11-19T22:10:00.000Z\n"
                              "series:     2, 2 of them judged\n"
                              "learning:   40 % of their time: for its first 2 days a series "
                              "pages nobody\n\n"));
  EXPECT_THAT(Line("0.25"), ElementsAre("0.25", "1", "0", "1", _, _, "%", "1"));
  EXPECT_THAT(Line("1.2"), ElementsAre("1.2", "(the", "rule's)", "1", "0", "1", _, _, "%", "1"));
  for (const char* usual : {"0.35", "0.5", "0.7", "1", "1.4", "2", "2.8", "4"}) {
    EXPECT_THAT(Line(absl::StrCat(usual, "  ")), Not(ElementsAre())) << usual;
  }
  EXPECT_THAT(out_, HasSubstr("pages at sensitivity 1.2, the rule's own\n"));
  EXPECT_THAT(Line("2023-11-18T06:15:00.000Z"), Not(ElementsAre()));
  EXPECT_THAT(out_, HasSubstr("critical  {shop=\"north\", team=\"shops\"}  value 0 is below"));
  EXPECT_THAT(err_, MatchesRegex("replayed 1439 evaluations of 2 series with 10 sensitivities in "
                                 "[0-9.]+ s\n"));
}

TEST_F(AnomalyTuneTest, ListsThePagesOfTheSensitivityThatIsAskedFor) {
  ASSERT_EQ(Tune({"orders-unusual", "--sensitivity", "0.001"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("no pages at sensitivity 0.001\n"));
  EXPECT_THAT(Line("0.001"), ElementsAre("0.001", "0", "0", "0", "0.000", "0.00", "%", "0"));
  ASSERT_EQ(Tune({"orders-unusual", "--sensitivity", "30", "--limit", "1"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("pages at sensitivity 30\n"));
  EXPECT_THAT(out_, HasSubstr("; see --limit)\n"));
}

TEST_F(AnomalyTuneTest, SaysTheSameAsJson) {
  ASSERT_EQ(Tune({"orders-unusual", "--json"}), 0) << err_;
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["rule"], "orders-unusual");
  EXPECT_EQ(json["series"], 2);
  EXPECT_EQ(json["to"], "2023-11-19T22:10:00.000Z");
  EXPECT_EQ(json["listed_sensitivity"], 1.2);
  ASSERT_EQ(json["sensitivities"].size(), 10u);
  EXPECT_EQ(json["sensitivities"][5]["own"], true);
  EXPECT_EQ(json["sensitivities"][5]["critical"], 1);
  EXPECT_GT(json["sensitivities"][5]["alarm_share"], 0.01);
  EXPECT_EQ(json["pages_total"], 1);
  ASSERT_EQ(json["pages"].size(), 1u);
  EXPECT_EQ(json["pages"][0]["since"], "2023-11-18T06:15:00.000Z");
  EXPECT_EQ(json["pages"][0]["severity"], "critical");
  EXPECT_EQ(json["pages"][0]["labels"]["shop"], "north");
  EXPECT_THAT(std::string(json["pages"][0]["reason"]), StartsWith("value 0 is below"));
}

TEST_F(AnomalyTuneTest, ARecordingThatIsTooShortSaysSo) {
  Record(files_.path() + "/short", 2);
  const std::string rules = Write("rules.yaml", kRules);
  ASSERT_EQ(Run({"orders-unusual", "--on", files_.path() + "/short", "--rules", rules}), 0);
  EXPECT_THAT(out_, HasSubstr("note: nothing was judged, all of it was learning; `retention`"));
  EXPECT_THAT(Line("4 "), ElementsAre("4", "0", "0", "0", "-", "-", "0"));
  EXPECT_THAT(out_, HasSubstr("no pages at sensitivity 1.2"));
}

TEST_F(AnomalyTuneTest, TheDirectoryMayBeInUse) {
  const auto store = *storage::OpenRocksdbStore(recording_->path());
  EXPECT_EQ(Tune({"orders-unusual"}), 0) << err_;
}

TEST_F(AnomalyTuneTest, TheConfigurationNamesTheRulesAndItsSecretsNeedNotBeThere) {
  Write("rules.yaml", kRules);
  const std::string config = Write("tocsin.yaml", R"(
rules: [rules.yaml]
receivers:
- {name: shops, opsgenie_configs: [{api_key_file: /nonexistent/key}]}
route: {receiver: shops}
)");
  EXPECT_EQ(Run({"orders-unusual", "--on", recording_->path(), "--config", config}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("1.2 (the rule's)"));
}

TEST_F(AnomalyTuneTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"orders-unusal", "no rule is named orders-unusal; did you mean orders-unusual?\n"},
      {"x", "no rule is named x; anomaly monitors are: orders-unusual\n"},
      {"orders-low", "orders-low is no anomaly monitor but one with a threshold (" + files_.path() +
                         "/rules.yaml:8)\n"},
      {"OrdersMissing",
       "OrdersMissing is no anomaly monitor but a rule of the Prometheus group prometheus\n"}};
  for (const auto& [name, error] : names) {
    EXPECT_EQ(Tune({name}), 2);
    EXPECT_EQ(err_, "tocsin anomaly tune: " + error);
    EXPECT_EQ(out_, "");
  }
  const std::string rules = Write("rules.yaml", kRules);
  EXPECT_EQ(Run({"orders-unusual", "--on", files_.path(), "--rules", rules}), 2);
  EXPECT_THAT(err_, HasSubstr(files_.path() + " is no data directory"));
  const std::string empty = files_.path() + "/empty";
  ASSERT_TRUE(storage::OpenRocksdbStore(empty).ok());
  EXPECT_EQ(Run({"orders-unusual", "--on", empty, "--rules", rules}), 2);
  EXPECT_EQ(err_, "tocsin anomaly tune: nothing is recorded in " + empty + "\n");
  const std::string broken = Write("broken.yaml", "monitors: [{name: x}]\n");
  EXPECT_EQ(Run({"x", "--on", recording_->path(), "--rules", broken}), 2);
  EXPECT_THAT(err_, HasSubstr("broken.yaml:1:"));
  EXPECT_EQ(Run({"x", "--on", recording_->path(), "--config", "/nonexistent.yaml"}), 2);
  EXPECT_THAT(err_, HasSubstr("/nonexistent.yaml"));
}

TEST_F(AnomalyTuneTest, WrongUse) {
  const std::vector<std::string> cases[] = {{},
                                            {"orders-unusual"},
                                            {"orders-unusual", "--sensitivity", "0"},
                                            {"orders-unusual", "--sensitivity", "-1"},
                                            {"orders-unusual", "--sensitivity", "inf"},
                                            {"orders-unusual", "--limit", "-1"}};
  for (const auto& words : cases) {
    std::vector<std::string> all = words;
    if (words.size() != 1) all.insert(all.end(), {"--on", recording_->path()});
    all.insert(all.end(), {"--rules", Write("rules.yaml", kRules)});
    EXPECT_EQ(Run(all), 2) << ::testing::PrintToString(all);
    EXPECT_NE(err_, "");
  }
}

}  // namespace
}  // namespace tocsin::app
