#include "integrations/webhook/payload.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/labels.h"
#include "integrations/delivery/webhook_endpoint.h"

namespace tocsin::webhook {
namespace {

using Json = nlohmann::json;

DesiredPage Page() {
  DesiredPage page;
  page.set_alias("checkout \"a\"");
  page.set_labels(
      std::string(Labels({{"alertname", "Checkout"}, {"severity", "critical"}, {"bytes", "\xff"}})
                      .canonical()));
  (*page.mutable_annotations())["summary"] = "slow";
  (*page.mutable_annotations())["empty"] = "";
  page.set_changed_ms(1'700'000'060'000);
  return page;
}

TEST(WebhookPayloadTest, IsAlertmanagersVersion4) {
  const Json firing = Json::parse(Payload(Page(), "payments", 1'700'000'000'000, false));
  const Json labels = {{"alertname", "Checkout"}, {"severity", "critical"}, {"bytes", "\uFFFD"}};
  const Json annotations = {{"summary", "slow"}};
  const std::string fingerprint = firing["alerts"][0]["fingerprint"];
  EXPECT_EQ(fingerprint.size(), 16u);
  EXPECT_EQ(fingerprint.find_first_not_of("0123456789abcdef"), std::string::npos);
  const Json expected = {{"version", "4"},
                         {"groupKey", R"({}:{alias="checkout \"a\""})"},
                         {"truncatedAlerts", 0},
                         {"status", "firing"},
                         {"receiver", "payments"},
                         {"groupLabels", {{"alertname", "Checkout"}}},
                         {"commonLabels", labels},
                         {"commonAnnotations", annotations},
                         {"externalURL", ""},
                         {"alerts",
                          {{{"status", "firing"},
                            {"labels", labels},
                            {"annotations", annotations},
                            {"startsAt", "2023-11-14T22:13:20.000Z"},
                            {"endsAt", "0001-01-01T00:00:00Z"},
                            {"generatorURL", ""},
                            {"fingerprint", fingerprint}}}}};
  EXPECT_EQ(firing, expected);
}

TEST(WebhookPayloadTest, AResolvedAlertEndsWhenThePageChanged) {
  const Json body = Json::parse(Payload(Page(), "payments", 1'700'000'000'000, true));
  EXPECT_EQ(body["status"], "resolved");
  EXPECT_EQ(body["alerts"][0]["status"], "resolved");
  EXPECT_EQ(body["alerts"][0]["endsAt"], "2023-11-14T22:14:20.000Z");
}

// A receiver pairs opening and close by these, between which the severity may change.
TEST(WebhookPayloadTest, TheSeverityIsNotPartOfThePagesIdentity) {
  DesiredPage other = Page();
  other.set_labels(std::string(Labels({{"severity", "warning"}}).canonical()));
  const Json a = Json::parse(Payload(Page(), "r", 0, false));
  const Json b = Json::parse(Payload(other, "r", 0, true));
  EXPECT_EQ(a["groupKey"], b["groupKey"]);
  EXPECT_EQ(a["alerts"][0]["fingerprint"], b["alerts"][0]["fingerprint"]);
  EXPECT_EQ(b["groupLabels"], Json::object());
}

TEST(WebhookEndpointTest, WhatItMayReach) {
  using http_client::Reach;
  struct Case {
    const char* url;
    bool allow_private;
    Reach reach;
  };
  for (const Case& c : {Case{"https://hooks.example/x", false, Reach::kPublicOnly},
                        Case{"https://hooks.example/x", true, Reach::kAnywhere},
                        Case{"http://127.0.0.1:9999/hook", false, Reach::kLoopbackOnly},
                        Case{"http://[::1]:9999/hook", false, Reach::kLoopbackOnly},
                        Case{"http://localhost:9999/hook", false, Reach::kPublicOnly},
                        Case{"http://10.0.0.1/hook", false, Reach::kPublicOnly}}) {
    const auto config = std::make_shared<WebhookConfig>();
    config->url = Secret(c.url);
    config->allow_private_addresses = c.allow_private;
    const delivery::WebhookEndpoint endpoint("r", config);
    EXPECT_EQ(endpoint.Firing(Page(), {}).reach, c.reach) << c.url;
  }
}

TEST(WebhookEndpointTest, CredentialsAreSent) {
  const auto config = std::make_shared<WebhookConfig>();
  config->url = Secret("https://hooks.example/x");
  config->credentials.credentials = Secret("abc");
  const auto sent = [&] {
    const auto request = delivery::WebhookEndpoint("r", config).Firing(Page(), {});
    return request.headers.back().name + ": " + request.headers.back().value;
  };
  EXPECT_EQ(sent(), "Authorization: Bearer abc");
  config->credentials = {.username = "Aladdin", .password = Secret("open sesame")};
  EXPECT_EQ(sent(), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
}

}  // namespace
}  // namespace tocsin::webhook
