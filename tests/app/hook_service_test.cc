#include "app/hook_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace tocsin::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kAcknowledged[] =
    R"({"action":"Acknowledge","alert":{"alertId":"1","alias":"a","username":"ann@x"},"source":{"name":"web"}})";

class HookServiceTest : public ::testing::Test {
 protected:
  HookServiceTest() {
    auto config = std::make_shared<delivery::ReceiversAndRoutes>();
    config->receivers["pay ments"].opsgenie_configs.resize(2);
    config->receivers["pay ments"].opsgenie_configs[1].webhook_secret = Secret("s3cr3t");
    config->receivers["deaf"].opsgenie_configs.resize(1);
    hooks_ = std::make_unique<HookService>(
        [this](const std::string& receiver, const opsgenie::WebhookEvent& event) {
          taken_.push_back(receiver + "/" + event.alias);
          return event.alias == "a";
        },
        config, metrics_);
  }
  int Post(const std::string& path, const std::string& secret, const std::string& body,
           const std::string& method = "POST") {
    http::HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!secret.empty()) request.headers = {{"authorization", secret}};
    const http::HttpReply reply = hooks_->Handle(request);
    EXPECT_FALSE(absl::StrContains(reply.body, "s3cr3t"));
    return reply.status;
  }

  Metrics metrics_;
  std::vector<std::string> taken_;
  std::unique_ptr<HookService> hooks_;
};

TEST_F(HookServiceTest, CountersExistFromTheStart) {
  EXPECT_THAT(metrics_.ExpositionText(), HasSubstr("outcome=\"taken\",receiver=\"pay ments\"} 0"));
  EXPECT_FALSE(absl::StrContains(metrics_.ExpositionText(), "deaf"));
}

TEST_F(HookServiceTest, TakesWhatComesWithTheSecret) {
  EXPECT_EQ(Post("/hooks/opsgenie/pay%20ments", "Bearer s3cr3t", kAcknowledged), 200);
  EXPECT_THAT(taken_, ElementsAre("pay ments/a"));
  EXPECT_THAT(metrics_.ExpositionText(), HasSubstr("outcome=\"taken\",receiver=\"pay ments\"} 1"));
}

TEST_F(HookServiceTest, RefusesEverythingElse) {
  const std::string path = "/hooks/opsgenie/pay%20ments";
  EXPECT_EQ(Post(path, "", kAcknowledged), 401);
  EXPECT_EQ(Post(path, "Bearer s3cr3", kAcknowledged), 401);
  EXPECT_EQ(Post(path, "Bearer ", kAcknowledged), 401) << "the other configuration has none";
  EXPECT_EQ(Post(path, "s3cr3t", kAcknowledged), 401);
  EXPECT_EQ(Post(path, "Bearer s3cr3t", "", "GET"), 405);
  EXPECT_EQ(Post(path, "Bearer s3cr3t", "{}"), 400);
  EXPECT_EQ(Post(path, "Bearer s3cr3t", "not json"), 400);
  EXPECT_EQ(Post(path, "Bearer s3cr3t", std::string(opsgenie::kWebhookBytesMax + 1, ' ')), 413);
  EXPECT_EQ(Post("/hooks/opsgenie/deaf", "Bearer s3cr3t", kAcknowledged), 404);
  EXPECT_EQ(Post("/hooks/opsgenie/nobody", "Bearer s3cr3t", kAcknowledged), 404);
  EXPECT_EQ(Post("/hooks/opsgenie/%zz", "Bearer s3cr3t", kAcknowledged), 404);
  EXPECT_EQ(Post("/v1/metrics", "Bearer s3cr3t", kAcknowledged), 404);
  EXPECT_THAT(taken_, IsEmpty());
  EXPECT_FALSE(absl::StrContains(metrics_.ExpositionText(), "nobody"))
      << "who asks does not make labels";
}

TEST_F(HookServiceTest, AnswersWellWhatIsNotOurs) {
  const std::string path = "/hooks/opsgenie/pay%20ments";
  EXPECT_EQ(Post(path, "Bearer s3cr3t", R"({"action":"Close","alert":{"alias":"other"}})"), 200);
  EXPECT_THAT(metrics_.ExpositionText(), HasSubstr("outcome=\"unknown_alert\""));
  taken_.clear();
  EXPECT_EQ(Post(path, "Bearer s3cr3t",
                 R"({"action":"Create","alert":{"alias":"a"},"source":{"name":"tocsin"}})"),
            200);
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(HookServiceTest, FollowsTheConfiguration) {
  hooks_->SetReceivers(std::make_shared<delivery::ReceiversAndRoutes>());
  EXPECT_EQ(Post("/hooks/opsgenie/pay%20ments", "Bearer s3cr3t", kAcknowledged), 404);
}

}  // namespace
}  // namespace tocsin::app
