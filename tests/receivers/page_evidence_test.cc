#include "integrations/page/page_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "integrations/pagerduty/event.h"
#include "integrations/webhook/payload.h"

namespace tocsin::page {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;

PageEvidence One(PageEvidence::Kind kind, int64_t ms, const std::string& text,
                 const std::string& trace = "") {
  PageEvidence one;
  one.set_kind(kind);
  one.set_time_ms(ms);
  one.set_text(text);
  one.set_trace_id(trace);
  return one;
}

std::vector<std::string> Texts(std::vector<PageEvidence> evidence) {
  std::vector<std::string> texts;
  for (const PageEvidence& one : NewestEvidence(std::move(evidence))) {
    texts.push_back(absl::StrCat(one.text(), " ", one.trace_id(), "@", one.time_ms()));
  }
  return texts;
}

TEST(PageEvidenceTest, LinesAreValidShortAndOfOneLine) {
  const std::string e = "\xc3\xa9";  // é
  const std::string dots = "\xe2\x80\xa6";
  const std::string full(kEvidenceTextBytesMax, 'x');
  const std::pair<std::string, std::string> cases[] = {
      {"timed out", "timed out"},
      {" a\nb\tc\x7f\x1b[31m ", "a b c  [31m"},
      {std::string("a\0b", 3), "a b"},
      {"a\xc2\x85z\xc2\xa9", "a  z\xc2\xa9"},
      {"\xff!", "\xef\xbf\xbd!"},
      {full, full},
      {full + "x", full + dots},
      {full.substr(1) + e, full.substr(1) + dots},
      {full.substr(2) + e, full.substr(2) + e},
      {full.substr(2) + e + e, full.substr(2) + e + dots},
      {std::string(1000, '\xff'),
       [&] {
         std::string line;
         for (size_t i = 0; i < kEvidenceTextBytesMax / 3; ++i) line += "\xef\xbf\xbd";
         return line + dots;
       }()},
      {"", ""},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(EvidenceLine(text), want) << text;
}

TEST(PageEvidenceTest, TheNewestOfEachKind) {
  std::vector<PageEvidence> evidence;
  for (int i = 1; i <= 9; ++i) {
    evidence.push_back(One(PageEvidence::TRACE, i, "1", absl::StrCat("t", i % 5)));
    evidence.push_back(One(PageEvidence::LOG, 10 * i, "line", "t"));
  }
  evidence.push_back(One(PageEvidence::LOG, 90, "line", "t"));   // seen by two selectors
  evidence.push_back(One(PageEvidence::LOG, 90, "other", "t"));  // another of that moment
  EXPECT_THAT(Texts(evidence), ElementsAre("line t@90", "other t@90", "line t@80", "line t@70",
                                           "line t@60", "1 t4@9", "1 t3@8", "1 t2@7"));
  EXPECT_THAT(Texts({}), ElementsAre());
}

TEST(PageEvidenceTest, OneTraceIsToldOnce) {
  EXPECT_THAT(Texts({One(PageEvidence::TRACE, 1, "1", "a"), One(PageEvidence::TRACE, 3, "3", "a"),
                     One(PageEvidence::TRACE, 2, "2", "b"), One(PageEvidence::LOG, 4, "x", "a")}),
              ElementsAre("x a@4", "3 a@3", "2 b@2"));
}

DesiredPage Page() {
  DesiredPage page;
  page.set_alias("a");
  *page.add_evidence() = One(PageEvidence::LOG, 1'700'000'000'000, "error: \"x\"", "");
  *page.add_evidence() = One(PageEvidence::TRACE, 1'700'000'000'000, "2", "bb");
  return page;
}
constexpr char kText[] =
    "Log lines:\n2023-11-14T22:13:20.000Z error: \"x\"\n"
    "Traces:\n2023-11-14T22:13:20.000Z bb, value 2";

TEST(PageEvidenceTest, WebhooksAndAlertmanagersHaveItAsAnnotations) {
  Json alert = Json::parse(webhook::Payload(Page(), "r", 0, false))["alerts"][0];
  EXPECT_EQ(alert["annotations"], (Json{{"evidence", kText}, {"trace_id", "bb"}}));
  DesiredPage page = Page();
  (*page.mutable_annotations())["evidence"] = "mine";
  alert = Json::parse(webhook::Payload(page, "r", 0, false))["alerts"][0];
  EXPECT_EQ(alert["annotations"], (Json{{"evidence", "mine"}, {"trace_id", "bb"}}));
}

TEST(PageEvidenceTest, PagerdutyHasItAsDetails) {
  const auto plain = [](const std::string& text, const DesiredPage&) { return text; };
  const auto details = [&](const DesiredPage& page) {
    return Json::parse(pagerduty::Trigger(page, {}, plain, 0))["payload"]["custom_details"];
  };
  EXPECT_EQ(details(Page()), (Json{{"value", "0"}, {"evidence", kText}, {"trace_id", "bb"}}));
  DesiredPage page = Page();
  page.set_labels(std::string(Labels({{"trace_id", "mine"}}).canonical()));
  EXPECT_EQ(details(page), (Json{{"value", "0"}, {"evidence", kText}, {"trace_id", "mine"}}));
}

}  // namespace
}  // namespace tocsin::page
