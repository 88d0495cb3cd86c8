// `scrape_configs` of the configuration.

#include "app/config_scrape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

struct Parsed {
  std::vector<scrape::ScrapeJob> jobs;
  std::vector<std::string> findings;
  std::string printed;
};

Parsed Parse(const std::string& text, Limits limits = {}) {
  ConfigSources sources = {
      .environment = [](const std::string& name) -> std::optional<std::string> {
        return "key-of-" + name;
      },
      .secret_file = [](const std::string& path) { return "key-in-" + path + "\n"; }};
  sources.readable_file = [](const std::string& path) {
    return path == "etc/ca.pem" ? absl::OkStatus() : absl::NotFoundError("cannot read " + path);
  };
  std::vector<rules::Diagnostic> diagnostics;
  const auto document = rules::YamlDocument::Parse("tocsin.yaml", text, {}, diagnostics);
  ConfigFindings findings(*document, diagnostics);
  const std::string folder = "etc";
  const ReceiverContext context(findings, folder, sources);
  const ConfigMap top(findings, document->root(), "the configuration");
  Parsed parsed{ReadScrapeJobs(context, top, limits), {}, ""};
  for (const auto& diagnostic : diagnostics)
    parsed.findings.push_back(FormatDiagnostic(diagnostic));
  ConfigWriter writer;
  PrintScrapeJobs(parsed.jobs, writer);
  parsed.printed = writer.Take();
  return parsed;
}

// One job with one target, and these keys besides.
std::string Job(const std::string& keys) {
  return absl::StrCat("scrape_configs: [{job_name: j, static_configs: [{targets: ['h:1']}]", keys,
                      "}]");
}

TEST(ConfigScrapeTest, NothingIsScrapedUnlessSaid) {
  const Parsed parsed = Parse("{}");
  EXPECT_THAT(parsed.findings, IsEmpty());
  EXPECT_THAT(parsed.jobs, IsEmpty());
  EXPECT_EQ(parsed.printed, "");
}

TEST(ConfigScrapeTest, Defaults) {
  const Parsed parsed = Parse(Job(""));
  EXPECT_THAT(parsed.findings, IsEmpty());
  const std::vector<scrape::TargetConfig> targets = ScrapeTargets(parsed.jobs);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].url, "http://h:1/metrics");
  EXPECT_EQ(targets[0].labels, Labels({{"job", "j"}, {"instance", "h:1"}}));
  EXPECT_EQ(targets[0].interval, absl::Seconds(15));
  EXPECT_EQ(targets[0].timeout, absl::Seconds(10));
  EXPECT_FALSE(targets[0].honor_labels);
  EXPECT_TRUE(targets[0].honor_timestamps);
  EXPECT_EQ(Parse(Job(", scrape_interval: 5s")).jobs[0].scrape_timeout, absl::Seconds(5));
}

constexpr char kFull[] = R"(
scrape_configs:
- job_name: node
  scrape_interval: 30s
  scrape_timeout: 5s
  metrics_path: /probe
  scheme: https
  params: {module: [http_2xx, "a b"], target: ["https://x"]}
  honor_labels: true
  honor_timestamps: false
  authorization: {credentials_file: token}
  tls_config: {ca_file: ca.pem}
  static_configs:
  - targets: ["a:1", "[::1]:2", "c"]
    labels: {env: prod, _x1: "y"}
  - targets: ["a:1"]
    labels: {instance: other}
- job_name: app
  basic_auth: {username: u, password: "${P}"}
  static_configs: [{targets: ["127.0.0.1:80"]}]
)";

TEST(ConfigScrapeTest, AllKeys) {
  const Parsed parsed = Parse(kFull);
  EXPECT_THAT(parsed.findings, IsEmpty());
  ASSERT_EQ(parsed.jobs.size(), 2u);
  const scrape::ScrapeJob& job = parsed.jobs[0];
  EXPECT_EQ(job.scrape_interval, absl::Seconds(30));
  EXPECT_EQ(job.scrape_timeout, absl::Seconds(5));
  EXPECT_THAT(job.params, ElementsAre(Pair("module", ElementsAre("http_2xx", "a b")),
                                      Pair("target", ElementsAre("https://x"))));
  EXPECT_TRUE(job.honor_labels);
  EXPECT_FALSE(job.honor_timestamps);
  EXPECT_EQ(job.credentials.type, "Bearer");
  EXPECT_EQ(job.credentials.credentials, Secret("key-in-etc/token"));
  EXPECT_EQ(job.ca_file, "etc/ca.pem");
  EXPECT_EQ(parsed.jobs[1].credentials.username, "u");
  EXPECT_EQ(parsed.jobs[1].credentials.password, Secret("key-of-P"));
  const auto targets = ScrapeTargets(parsed.jobs);
  ASSERT_EQ(targets.size(), 5u);
  EXPECT_EQ(targets[2].labels,
            Labels({{"_x1", "y"}, {"env", "prod"}, {"instance", "c:443"}, {"job", "node"}}));
  EXPECT_EQ(targets[3].labels, Labels({{"instance", "other"}, {"job", "node"}}));
  EXPECT_EQ(targets[3].ca_file, "etc/ca.pem");
}

TEST(ConfigScrapeTest, PrintsWhatReadsBack) {
  const std::string printed = Parse(kFull).printed;
  EXPECT_THAT(printed, HasSubstr("credentials: \"<redacted>\""));
  EXPECT_THAT(printed, Not(HasSubstr("key-")));
  std::string again = printed;
  for (size_t at; (at = again.find("<redacted>")) != std::string::npos;)
    again.replace(at, 10, "${X}");
  // It is resolved already.
  again.replace(again.find("etc/ca.pem"), 10, "ca.pem");
  const Parsed parsed = Parse(again);
  EXPECT_THAT(parsed.findings, IsEmpty());
  EXPECT_EQ(parsed.printed, printed);
}

TEST(ConfigScrapeTest, Findings) {
  const std::pair<std::string, const char*> cases[] = {
      {"scrape_configs: {}", "scrape_configs must be a list"},
      {"scrape_configs: [x]", "scrape_configs must be a map"},
      {"scrape_configs: [~]", "needs a job_name"},
      {"scrape_configs: [{static_configs: []}]",
       "1:18: error: an entry of scrape_configs needs a job_name"},
      {"scrape_configs: [{job_name: j}]", "1:18: error: a job needs static_configs"},
      {"scrape_configs: [{job_name: j, static_configs: []}, {job_name: j, static_configs: []}]",
       "1:64: error: there are two jobs named \"j\""},
      {Job(", scrape_interval: 10ms"), "scrape_interval must be from 100ms to 1d"},
      {Job(", scrape_interval: 2d"), "scrape_interval must be from 100ms to 1d"},
      {Job(", scrape_interval: often"), "scrape_interval"},
      {Job(", scrape_timeout: 16s"),
       "scrape_timeout must be above 0 and at most the interval, 15s"},
      {Job(", scrape_timeout: 0s"), "scrape_timeout must be above 0"},
      {Job(", scheme: ftp"), "scheme must be http or https"},
      {Job(", metrics_path: metrics"), "metrics_path begins with /"},
      {Job(", metrics_path: '/m?x=1'"), "params: {NAME: [VALUE]}"},
      {Job(", metrics_path: '/a b'"), "metrics_path begins with /"},
      {Job(", params: {x: y}"), "x must be a list"},
      {Job(", honor_labels: maybe"), "honor_labels must be true or false"},
      {Job(", authorization: {credentials: abc}"), "credentials must not be written into the file"},
      {Job(", authorization: {type: 'a b', credentials: '${X}'}, scheme: https"),
       "type is one word"},
      {Job(", basic_auth: {password: '${X}'}, scheme: https"), "basic_auth needs a username"},
      {Job(", authorization: {credentials: '${X}'}"),
       "1:60: warning: the key travels unencrypted to another host"},
      {Job(", tls_config: {ca_file: none.pem}"), "1:92: error: cannot read etc/none.pem"},
      {Job(", tls_config: {insecure_skip_verify: true}"), "anybody can answer for the target"},
      {Job(", tls_config: {cert_file: x}"), "cert_file is not supported in tls_config"},
      {Job(", tls_config: {ca_fil: x}"), "did you mean \"ca_file\"?"},
      {Job(", relabel_configs: []"),
       "1:70: error: relabel_configs is not supported in scrape_configs"},
      {Job(", kubernetes_sd_configs: [{role: pod}]"), "Prometheus in agent mode"},
      {Job(", metric_relabel_configs: []"), "remote_write"},
      {Job(", sample_limit: 5"), "scrape_samples_max is that of all jobs"},
      {Job(", bearer_token_file: x"), "use authorization"},
      {Job(", metric_path: /x"), "did you mean \"metrics_path\"?"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(Parse(text).findings, ElementsAre(HasSubstr(wanted))) << text;
  }
}

TEST(ConfigScrapeTest, FindingsOfTargets) {
  const auto statics = [](const std::string& text) {
    return absl::StrCat("scrape_configs: [{job_name: j, static_configs: [", text, "]}]");
  };
  const std::pair<std::string, const char*> cases[] = {
      {statics("x"), "static_configs must be a map"},
      {statics("{targets: h}"), "targets must be a list"},
      {statics("{targets: [[h]]}"), "a target must be a text"},
      {statics("{targets: ['http://h:1']}"),
       "1:60: error: a target is host:port, without scheme and path"},
      {statics("{targets: ['h:1/metrics']}"), "without scheme and path"},
      {statics("{targets: ['']}"), "a target is host:port"},
      {statics("{targets: ['u@h:1']}"), "a target is host:port"},
      {statics("{targets: ['h:1?x']}"), "a target is host:port"},
      {statics("{targets: ['h h']}"), "a target is host:port"},
      {statics("{targets: ['h:0']}"), "from 1 to 65535"},
      {statics("{targets: ['h:65536']}"), "from 1 to 65535"},
      {statics("{targets: ['h:']}"), "from 1 to 65535"},
      {statics("{targets: ['::1']}"), "a target is host:port"},
      {statics("{targets: ['h:1'], label: {}}"), "did you mean \"labels\"?"},
      {statics("{targets: ['h:1'], labels: [x]}"), "labels must be a map"},
      {statics("{targets: ['h:1'], labels: {a-b: x}}"), "invalid label name: \"a-b\""},
      {statics("{targets: ['h:1'], labels: {__param_x: x}}"),
       "labels that begin with __ are not supported"},
      {statics("{targets: ['h:1', 'h:1']}"),
       "1:67: error: there are two targets with the labels {instance=\"h:1\", job=\"j\"}"},
      {statics("{targets: ['h:1']}, {targets: ['g:1'], labels: {instance: 'h:1'}}"),
       "there are two targets with the labels"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(Parse(text).findings, ElementsAre(HasSubstr(wanted))) << text;
  }
  Limits limits;
  limits.scrape_targets_max = 2;
  EXPECT_THAT(Parse(statics("{targets: ['a', 'b', 'c', 'd']}"), limits).findings,
              ElementsAre(HasSubstr("1:70: error: more than 2 targets (scrape_targets_max)")));
}

TEST(ConfigScrapeTest, AKeyNeverShows) {
  const Parsed parsed = Parse(
      Job(", authorization: {credentials: '${A}', type: 7 8}, basic_auth: {username: s3cret:x, "
          "password: s3cret}"));
  EXPECT_THAT(parsed.findings, Not(IsEmpty()));
  for (const std::string& finding : parsed.findings) {
    EXPECT_THAT(finding, Not(HasSubstr("s3cret")));
    EXPECT_THAT(finding, Not(HasSubstr("key-of")));
  }
}

}  // namespace
}  // namespace tocsin::app
