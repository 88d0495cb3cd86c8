#include "integrations/alertmanager/alerts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/labels.h"

namespace tocsin::alertmanager {
namespace {

using Json = nlohmann::json;

constexpr Times kTimes{1'700'000'000'000, 1'700'000'060'000};

const Labels kCritical = {{"alertname", "Checkout"}, {"severity", "critical"}};
const Labels kWarning = {{"alertname", "Checkout"}, {"severity", "warning"}};

DesiredPage Page() {
  DesiredPage page;
  page.set_alias("checkout");
  page.set_labels(std::string(kCritical.canonical()));
  (*page.mutable_annotations())["summary"] = "slow";
  return page;
}

TEST(AlertmanagerTest, AFiringAlertEndsAfterFourIntervals) {
  AlertmanagerConfig config;
  config.resend_interval = absl::Seconds(30);
  const Json expected =
      Json::array({{{"labels", {{"alertname", "Checkout"}, {"severity", "critical"}}},
                    {"annotations", {{"summary", "slow"}}},
                    {"startsAt", "2023-11-14T22:13:20.000Z"},
                    {"endsAt", "2023-11-14T22:16:20.000Z"},
                    {"generatorURL", ""}}});
  EXPECT_EQ(Json::parse(Firing(Page(), config, kTimes, {})), expected);
  const std::string own(kCritical.canonical());
  EXPECT_EQ(Json::parse(Firing(Page(), config, kTimes, {own})), expected);
}

// The severity is a label, and the labels are the alert's identity.
TEST(AlertmanagerTest, AnotherSeverityEndsTheAlertOfTheFormerOne) {
  const Json body = Json::parse(Firing(Page(), {}, kTimes, {std::string(kWarning.canonical())}));
  ASSERT_EQ(body.size(), 2u);
  EXPECT_EQ(body[0]["labels"]["severity"], "critical");
  EXPECT_EQ(body[1]["labels"]["severity"], "warning");
  EXPECT_EQ(body[1]["endsAt"], "2023-11-14T22:14:20.000Z");
}

TEST(AlertmanagerTest, AResolvedPageEndsAllItsAlerts) {
  const Json own = Json::parse(Resolved(Page(), kTimes, {}));
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0]["labels"]["severity"], "critical");
  EXPECT_EQ(own[0]["endsAt"], "2023-11-14T22:14:20.000Z");
  const Json both = Json::parse(Resolved(
      Page(), kTimes, {std::string(kWarning.canonical()), std::string(kCritical.canonical())}));
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0]["labels"]["severity"], "warning");
}

// Alertmanager refuses an alert that ends before it starts, or has no labels.
TEST(AlertmanagerTest, NothingIsSentThatCannotBe) {
  const Json body = Json::parse(Resolved(Page(), {2000, 1000}, {}));
  EXPECT_EQ(body[0]["startsAt"], body[0]["endsAt"]);
  DesiredPage bare = Page();
  bare.clear_labels();
  EXPECT_EQ(Json::parse(Firing(bare, {}, kTimes, {}))[0]["labels"],
            Json({{"alertname", "checkout"}}));
}

}  // namespace
}  // namespace tocsin::alertmanager
