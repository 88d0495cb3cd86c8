#include "integrations/opsgenie/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/page/clamp.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;
using page::ClampEnd;
using page::ClampMiddle;
using page::CountCodePoints;
using Json = nlohmann::json;

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";

std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

OpsgenieConfig Config() {
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  return config;
}

using PageEvidenceKind = state::v1::PageEvidence::Kind;

DesiredPage Page() {
  DesiredPage page;
  page.set_alias("a/b c");
  page.set_open(true);
  page.set_rule("checkout-latency");
  page.set_severity("critical");
  page.set_value(950.5);
  page.set_condition("> 900 for 1m");
  page.set_since_ms(1'700'000'000'000);
  const Labels labels{{"alertname", "Checkout"}, {"severity", "critical"}, {"host", "h1"}};
  page.set_labels(std::string(labels.canonical()));
  return page;
}

std::string Same(const std::string& text, const DesiredPage&) {
  return text;
}
PageContent Content(const DesiredPage& page, const OpsgenieConfig& config = Config()) {
  return BuildContent(page, config, Same);
}
std::string Detail(const PageContent& content, const std::string& key) {
  for (const auto& [name, value] : content.details) {
    if (name == key) return value;
  }
  return "(none)";
}

TEST(ClampTest, Tables) {
  const std::string e = "\xc3\xa9";  // é
  const std::string dots = "\xe2\x80\xa6";
  struct Case {
    const char* name;
    std::string text;
    size_t max;
    std::string middle;
  };
  const Case cases[] = {
      {"short", "abc", 8, "abc"},
      {"exact", "abcdefgh", 8, "abcdefgh"},
      {"keeps both ends", "abcdefghijkl", 9, "abcde" + dots + "jkl"},
      {"counts code points", Repeat(e, 8), 8, Repeat(e, 8)},
      {"cuts at code points", Repeat(e, 12), 9, Repeat(e, 5) + dots + Repeat(e, 3)},
      {"invalid byte",
       "a\xff"
       "b",
       8,
       "a\xef\xbf\xbd"
       "b"},
      {"truncated sequence", "a\xe2\x82", 8, "a\xef\xbf\xbd\xef\xbf\xbd"},
      {"overlong", "\xc0\xaf", 8, "\xef\xbf\xbd\xef\xbf\xbd"},
      {"surrogate", "\xed\xa0\x80", 8, Repeat("\xef\xbf\xbd", 3)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ClampMiddle(c.text, c.max), c.middle);
  }
  const std::string end = ClampEnd(Repeat("x", 200), 100);
  EXPECT_LE(CountCodePoints(end), 100u);
  EXPECT_EQ(end, Repeat("x", 60) + dots + " [140 more characters]");
}

void Tell(DesiredPage& page, PageEvidenceKind kind, int64_t ms, const std::string& text,
          const std::string& trace) {
  auto& evidence = *page.add_evidence();
  evidence.set_kind(kind);
  evidence.set_time_ms(1'700'000'000'000 + ms);
  evidence.set_text(text);
  evidence.set_trace_id(trace);
}

TEST(PageContentTest, EvidenceEndsTheDescriptionAndNamesTheNewestTrace) {
  DesiredPage page = Page();
  Tell(page, state::v1::PageEvidence::LOG, 3, "error: timed out", "aa");
  Tell(page, state::v1::PageEvidence::LOG, 2, "error: retry", "");
  Tell(page, state::v1::PageEvidence::TRACE, 1, "2.5", "bb");
  const PageContent content = Content(page);
  EXPECT_THAT(content.description,
              ::testing::EndsWith("\n\nLog lines:\n"
                                  "2023-11-14T22:13:20.003Z error: timed out (trace aa)\n"
                                  "2023-11-14T22:13:20.002Z error: retry\n"
                                  "Traces:\n2023-11-14T22:13:20.001Z bb, value 2.5"));
  EXPECT_EQ(Detail(content, "trace_id"), "aa");
  EXPECT_EQ(Detail(Content(Page()), "trace_id"), "(none)");
}

TEST(PageContentTest, ATraceTakesNoLabelsPlace) {
  DesiredPage page = Page();
  Tell(page, state::v1::PageEvidence::TRACE, 1, "2.5", "bb");
  const Labels named{{"trace_id", "mine"}};
  page.set_labels(std::string(named.canonical()));
  EXPECT_EQ(Detail(Content(page), "trace_id"), "mine");
  EXPECT_EQ(Detail(Content(page), "label_trace_id"), "(none)");
  LabelsBuilder many;
  for (int i = 0; i < 40; ++i) many.Set(absl::StrCat("label", i), Repeat("v", 190));
  page.set_labels(std::string(many.Build().canonical()));
  // Longer than what the last label that fits can leave.
  page.mutable_evidence(0)->set_trace_id(Repeat("b", 250));
  const PageContent full = Content(page);
  EXPECT_EQ(Detail(full, "trace_id"), "(none)");
  page.clear_evidence();
  const PageContent without = Content(page);
  for (const PageContent* content : {&without, &full}) {
    EXPECT_THAT(Detail(*content, "cut"), ::testing::HasSubstr("details (2 left out)"))
        << "what has no room is not said to be cut";
  }
  EXPECT_EQ(without.details.size(), full.details.size());
}

TEST(PageContentTest, SaysWhatIsWrong) {
  DesiredPage page = Page();
  (*page.mutable_annotations())["summary"] = " checkout is slow ";
  (*page.mutable_annotations())["description"] = "Look at the database.";
  (*page.mutable_annotations())["runbook_url"] = "https://runbooks.example/checkout";
  const PageContent content = Content(page);
  EXPECT_EQ(content.message, "checkout is slow");
  EXPECT_EQ(content.priority, "P1");
  EXPECT_EQ(content.description,
            "Look at the database.\n\nrunbook_url: https://runbooks.example/checkout\n\n"
            "Value 950.5, condition > 900 for 1m, since 2023-11-14T22:13:20.000Z.\n"
            "Rule checkout-latency\nLabels " +
                LabelsBuilder(page::LabelsOf(page)).Set("severity", "").Build().ToString());
  opsgenie::OpsgenieConfig config;
  config.external_url = "https://tocsin.example";
  page.set_alias("a/b");
  EXPECT_THAT(
      BuildContent(page, config, [](const std::string& text, const auto&) { return text; })
          .description,
      ::testing::EndsWith("\nEvidence https://tocsin.example/api/tocsin/v1/explain?alias=a%2Fb"));
  EXPECT_EQ(Detail(content, "value"), "950.5");
  EXPECT_EQ(Detail(content, "condition"), "> 900 for 1m");
  EXPECT_EQ(Detail(content, "host"), "h1");
  EXPECT_EQ(Detail(content, "cut"), "(none)");
}

TEST(PageContentTest, WithoutSummaryTheAlertAndItsLabelsAreTheMessage) {
  EXPECT_EQ(Content(Page()).message, R"(Checkout {host="h1"})");
  DesiredPage bare;
  bare.set_alias("x");
  EXPECT_EQ(Content(bare).message, "x");
}

TEST(PageContentTest, PriorityFollowsTheMap) {
  OpsgenieConfig config = Config();
  const auto priority = [&config](const std::string& severity) {
    DesiredPage page = Page();
    page.set_severity(severity);
    return PriorityOf(config, page);
  };
  EXPECT_EQ(priority("critical"), "P1");
  EXPECT_EQ(priority("warning"), "P3");
  config.priority = {{"critical", "P2"}, {"page", "P1"}};
  EXPECT_EQ(priority("critical"), "P2");
  EXPECT_EQ(priority("page"), "P1");
  EXPECT_EQ(priority("info"), "P3");
}

TEST(PageContentTest, ALabelDoesNotHideTheValue) {
  DesiredPage page = Page();
  page.set_labels(std::string(Labels({{"value", "blue"}}).canonical()));
  const PageContent content = Content(page);
  EXPECT_EQ(Detail(content, "value"), "950.5");
  EXPECT_EQ(Detail(content, "label_value"), "blue");
}

// A page that exceeds every limit at once passes the strict simulator, and tells what was cut.
TEST(PageContentTest, EveryFieldIsClamped) {
  const std::string wide = "\xf0\x9f\x94\xa5";  // one code point, four bytes
  DesiredPage page = Page();
  page.set_alias(Repeat("alias/", 200));
  (*page.mutable_annotations())["summary"] = Repeat(wide, 500);
  (*page.mutable_annotations())["description"] = Repeat(wide, 20000);
  LabelsBuilder labels;
  for (int i = 0; i < 40; ++i) labels.Set(absl::StrCat("label", i), Repeat(wide, 900));
  page.set_labels(std::string(labels.Build().canonical()));
  OpsgenieConfig config = Config();
  config.entity = Repeat("e", 1000);
  for (int i = 0; i < 30; ++i) {
    config.tags.push_back(absl::StrCat(Repeat("t", 60), i));
    config.actions.push_back(absl::StrCat("action", i));
    config.responders.push_back({"team", "", absl::StrCat("team", i), ""});
    config.responders.push_back({"user", "", "", absl::StrCat("u", i, "@example.com")});
  }
  const PageContent content = Content(page, config);
  EXPECT_EQ(CountCodePoints(content.message), kMessageMax);
  EXPECT_LE(CountCodePoints(content.description), kDescriptionMax);
  EXPECT_EQ(content.tags.size(), kTagsMax);
  EXPECT_EQ(content.actions.size(), kActionsMax);
  EXPECT_EQ(content.responders.size(), kRespondersMax);
  const std::string cut = Detail(content, "cut");
  for (const char* field : {"message (was 500 characters)", "description", "entity", "tags"}) {
    EXPECT_TRUE(absl::StrContains(cut, field)) << field << " in " << cut;
  }
  sim::SimOptions options;
  options.keys[kKey] = {};
  options.strict_details = options.strict_unknown_fields = true;
  sim::SimOpsgenie sim(options);
  const auto now = Timestamp::FromMillis(1'700'000'000'000);
  const HttpResponse created = sim.Handle(CreateAlert(config, content), now).response;
  EXPECT_EQ(created.status, 202) << created.body;
  EXPECT_EQ(sim.Handle(CreateMinimalAlert(config, content), now).response.status, 202);
  // The close finds the page under the alias that replaced the over-long one.
  sim.AdvanceTo(now + absl::Seconds(1));
  const AlertRef ref{AlertRef::Type::kAlias, page.alias()};
  sim.Handle(CloseAlert(config, ref, CloseNote(page)), now + absl::Seconds(1));
  sim.AdvanceTo(now + absl::Seconds(2));
  EXPECT_FALSE(sim.alerts().begin()->second.open);
}

TEST(PageContentTest, WhatChangesWithTheLevelFitsTheSmallerLimit) {
  DesiredPage page = Page();
  LabelsBuilder labels;
  for (int i = 0; i < 40; ++i) labels.Set(absl::StrCat("label", i), "v");
  labels.Set("severity", "critical").Set("long", Repeat("x", 51));
  page.set_labels(std::string(labels.Build().canonical()));
  const PageContent content = Content(page);
  const Details changing = content.ChangingDetails();
  ASSERT_EQ(changing.size(), kAddedDetailsMax);
  EXPECT_EQ(changing[0].first, "value");
  EXPECT_EQ(changing[3].first, "severity");
  const uint64_t before = DetailsHash(changing);
  page.set_value(1);
  EXPECT_NE(DetailsHash(Content(page).ChangingDetails()), before);
  EXPECT_EQ(TagsHash({"a", "b"}), TagsHash({"b", "a"}));
  EXPECT_NE(TagsHash({"a", "b"}), TagsHash({"ab"}));
}

// A page about silence must not look like one about the last value.
TEST(PageContentTest, NoDataIsSaid) {
  DesiredPage page = Page();
  page.set_reason("no_data");
  (*page.mutable_annotations())["summary"] = "checkout is slow";
  EXPECT_EQ(Content(page).message, "No data: checkout is slow");
  EXPECT_TRUE(absl::StrContains(Content(page).description, "Last value 950.5"));
  (*page.mutable_annotations())["summary"] = Repeat("x", 500);
  EXPECT_EQ(CountCodePoints(Content(page).message), kMessageMax);
  EXPECT_TRUE(absl::StartsWith(Content(page).message, "No data: x"));
  page.clear_annotations();
  EXPECT_EQ(Content(page).message, R"(No data: Checkout {host="h1"})");
  page.set_reason("level_changed");
  EXPECT_EQ(Content(page).message, R"(Checkout {host="h1"})");
}

TEST(PageContentTest, EmptyAndRepeatedTagsAreLeftOut) {
  OpsgenieConfig config = Config();
  config.tags = {"a", "", " a ", "b"};
  EXPECT_EQ(Content(Page(), config).tags, (std::vector<std::string>{"a", "b"}));
}

TEST(RequestTest, MethodsAndPaths) {
  const OpsgenieConfig config = Config();
  OpsgenieConfig jsm = config;
  jsm.profile = Profile::kJsm;
  jsm.api_url = "https://api.atlassian.com/";
  OpsgenieConfig prefixed = jsm;
  prefixed.api_url = "https://api.atlassian.com/jsm/ops/integration";
  const AlertRef alias{AlertRef::Type::kAlias, "a/b %c\xc3\xa9"};
  const AlertRef id{AlertRef::Type::kId, "x-1"};
  struct Case {
    HttpRequest request;
    const char* method;
    const char* url;
  };
  const std::string encoded = "a%2Fb%20%25c%C3%A9";
  const Case cases[] = {
      {CreateAlert(config, Content(Page())), "POST", "https://api.opsgenie.com/v2/alerts"},
      {CloseAlert(config, id, "n"), "POST",
       "https://api.opsgenie.com/v2/alerts/x-1/close?identifierType=id"},
      {AddNote(config, alias, "n"), "POST",
       "https://api.opsgenie.com/v2/alerts/a%2Fb%20%25c%C3%A9/notes?identifierType=alias"},
      {SetPriority(config, id, "P1"), "PUT",
       "https://api.opsgenie.com/v2/alerts/x-1/priority?identifierType=id"},
      {SetMessage(config, id, "m"), "PUT",
       "https://api.opsgenie.com/v2/alerts/x-1/message?identifierType=id"},
      {SetDescription(config, id, "d"), "PUT",
       "https://api.opsgenie.com/v2/alerts/x-1/description?identifierType=id"},
      {AddDetails(config, id, {{"k", "v"}}), "POST",
       "https://api.opsgenie.com/v2/alerts/x-1/details?identifierType=id"},
      {AddTags(config, id, {"t"}), "POST",
       "https://api.opsgenie.com/v2/alerts/x-1/tags?identifierType=id"},
      {RemoveTags(config, id, {"t", "a/b c"}), "DELETE",
       "https://api.opsgenie.com/v2/alerts/x-1/"
       "tags?identifierType=id&tags=t,a%2Fb%20c&source=tocsin"},
      {GetRequestStatus(config, "r/1"), "GET", "https://api.opsgenie.com/v2/alerts/requests/r%2F1"},
      {GetAlert(config, alias), "GET",
       "https://api.opsgenie.com/v2/alerts/a%2Fb%20%25c%C3%A9?identifierType=alias"},
      {CreateAlert(jsm, Content(Page())), "POST",
       "https://api.atlassian.com/jsm/ops/integration/v2/alerts"},
      {CreateAlert(prefixed, Content(Page())), "POST",
       "https://api.atlassian.com/jsm/ops/integration/v2/alerts"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.request.method, c.method);
    EXPECT_EQ(c.request.url, c.url);
    EXPECT_EQ(c.request.headers[0].value, absl::StrCat("GenieKey ", kKey));
    EXPECT_FALSE(absl::StrContains(c.request.url, kKey));
    EXPECT_FALSE(absl::StrContains(c.request.body, kKey));
  }
}

TEST(RequestTest, EmptyFieldsAreLeftOut) {
  DesiredPage page = Page();
  const Json body = Json::parse(CreateAlert(Config(), Content(page)).body);
  for (const char* field : {"entity", "tags", "actions", "responders", "note", "user"}) {
    EXPECT_FALSE(body.contains(field)) << field;
  }
  EXPECT_EQ(body["alias"], "a/b c");
  EXPECT_EQ(body["source"], "tocsin");
}

TEST(RequestTest, RespondersAreNamedAsTheApiWants) {
  OpsgenieConfig config = Config();
  config.responders = {{"team", "", "ops", ""},
                       {"user", "", "", "a@example.com"},
                       {"schedule", "id-1", "ignored", ""},
                       {"escalation", "", "managers", ""}};
  const Json body = Json::parse(CreateAlert(config, Content(Page(), config)).body);
  EXPECT_EQ(body["responders"], Json::parse(R"([{"type":"team","name":"ops"},
      {"type":"user","username":"a@example.com"},{"type":"schedule","id":"id-1"},
      {"type":"escalation","name":"managers"}])"));
}

TEST(SecretTest, PrintsNothing) {
  std::ostringstream out;
  out << Secret(kKey);
  EXPECT_EQ(out.str(), "<redacted>");
}

TEST(JudgeTest, Table) {
  struct Case {
    const char* name;
    HttpResponse response;
    Verdict verdict;
    int wait_seconds;
  };
  const Case cases[] = {
      {"accepted", {202, {}, R"({"requestId":"r"})"}, Verdict::kAccepted, 0},
      {"ok", {200, {{"X-RateLimit-Period-In-Sec", "60"}}, "{}"}, Verdict::kAccepted, 0},
      {"pending",
       {404, {{"x-opsgenie-errortype", "RequestNotProcessed"}}, "{}"},
       Verdict::kPending,
       0},
      {"not found", {404, {}, "{}"}, Verdict::kNotFound, 0},
      {"throttled by second",
       {429, {{"X-RateLimit-Period-In-Sec", "1"}}, ""},
       Verdict::kThrottled,
       1},
      {"throttled by minute",
       {429, {{"X-RateLimit-Period-In-Sec", "60"}}, ""},
       Verdict::kThrottled,
       60},
      {"retry after wins",
       {429, {{"X-RateLimit-Period-In-Sec", "60"}, {"Retry-After", "7"}}, ""},
       Verdict::kThrottled,
       7},
      {"no hint", {429, {}, ""}, Verdict::kThrottled, 0},
      {"absurd hint", {429, {{"Retry-After", "999999"}}, ""}, Verdict::kThrottled, 3600},
      {"hint is a date",
       {429, {{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}}, ""},
       Verdict::kThrottled,
       0},
      {"server", {500, {}, "<html>"}, Verdict::kRetryLater, 0},
      {"gateway", {502, {}, ""}, Verdict::kRetryLater, 0},
      {"unavailable", {503, {}, ""}, Verdict::kRetryLater, 0},
      {"gateway timeout", {504, {}, ""}, Verdict::kRetryLater, 0},
      {"not implemented", {501, {}, ""}, Verdict::kRefused, 0},
      {"request timeout", {408, {}, ""}, Verdict::kRetryLater, 0},
      {"bad JSON", {400, {}, ""}, Verdict::kRejected, 0},
      {"too large", {413, {}, ""}, Verdict::kRejected, 0},
      {"semantic",
       {422, {}, R"({"message":"Request body is not processable."})"},
       Verdict::kRejected,
       0},
      {"key format",
       {422, {}, R"({"message":"Key format is not valid!"})"},
       Verdict::kUnauthorized,
       0},
      {"bad key", {401, {}, ""}, Verdict::kUnauthorized, 0},
      {"plan", {402, {}, ""}, Verdict::kRefused, 0},
      {"key kind", {403, {}, R"({"code":40301})"}, Verdict::kRefused, 0},
      {"wrong path", {405, {}, ""}, Verdict::kRefused, 0},
      {"media type", {415, {}, ""}, Verdict::kRefused, 0},
      {"redirect", {302, {}, ""}, Verdict::kRefused, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Judgement judgement = Judge(c.response);
    EXPECT_STREQ(VerdictName(judgement.verdict), VerdictName(c.verdict));
    EXPECT_EQ(judgement.wait, absl::Seconds(c.wait_seconds));
    EXPECT_EQ(judgement.error.empty(), c.verdict == Verdict::kAccepted);
  }
  EXPECT_EQ(Judge({202, {}, R"({"requestId":"r"})"}).request_id, "r");
  // A write must be answered as OpsGenie answers it.
  EXPECT_EQ(JudgeWrite({202, {}, ""}).verdict, Verdict::kAccepted);
  EXPECT_EQ(JudgeWrite({200, {}, R"({"requestId":"r"})"}).verdict, Verdict::kAccepted);
  EXPECT_EQ(JudgeWrite({200, {}, R"({"result":"ok"})"}).verdict, Verdict::kUnauthorized);
  EXPECT_EQ(JudgeWrite({204, {}, ""}).error, "204: this does not look like OpsGenie");
  EXPECT_EQ(JudgeWrite({500, {}, ""}).verdict, Verdict::kRetryLater);
  const std::string error =
      Judge({422, {}, R"({"message":"no","errors":{"tags":"too many"}})"}).error;
  EXPECT_EQ(error, R"(422 no {"tags":"too many"})");
}

TEST(ParseTest, RequestStatusInBothShapes) {
  const auto nested = ParseRequestStatus(
      {200, {}, R"({"data":{"isSuccess":true,"status":"Created alert","alertId":"i"}})"});
  ASSERT_TRUE(nested);
  EXPECT_TRUE(nested->success);
  EXPECT_EQ(nested->alert_id, "i");
  const auto flat =
      ParseRequestStatus({200, {}, R"({"success":false,"status":"Alert does not exist"})"});
  ASSERT_TRUE(flat);
  EXPECT_FALSE(flat->success);
  EXPECT_FALSE(ParseRequestStatus({200, {}, "[]"}));
  EXPECT_FALSE(ParseRequestStatus({200, {}, R"({"data":{}})"}));
}

TEST(ParseTest, Alert) {
  const auto alert = ParseAlert(
      {200,
       {},
       R"({"data":{"id":"i","status":"open","priority":"P2","message":"m","description":"d"}})"});
  ASSERT_TRUE(alert);
  EXPECT_TRUE(alert->open);
  EXPECT_EQ(alert->priority, "P2");
  EXPECT_FALSE(ParseAlert({200, {}, "nonsense"}));
}

}  // namespace
}  // namespace tocsin::opsgenie
