#include "app/account_watch_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

using delivery::TargetDelivery;
using delivery::TargetKey;
using opsgenie::PingOutcome;
using opsgenie::ProbeFinding;
using ::testing::HasSubstr;
using ::testing::Not;

const TargetKey kFirst{"a", TargetDelivery::OPSGENIE, 0};
const TargetKey kSecond{"a", TargetDelivery::OPSGENIE, 1};
const TargetKey kOther{"b", TargetDelivery::OPSGENIE, 0};

ProbeFinding Finding(const char* code) {
  return {ProbeFinding::Level::kError, code, "in words"};
}

class AccountWatchReportTest : public ::testing::Test {
 protected:
  // The value in the exposition; "" if there is no such series.
  std::string Value(const std::string& series) const {
    const std::string text = metrics_.ExpositionText();
    const size_t at = text.find(series + " ");
    if (at == std::string::npos) return "";
    const size_t begin = at + series.size() + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::string Findings(const std::string& receiver, const std::string& code) const {
    const std::string labels = "{code=\"" + code + "\",receiver=\"" + receiver + "\"}";
    return Value("tocsin_receiver_probe_findings" + labels);
  }

  Metrics metrics_;
  AccountWatchReport report_{metrics_};
};

TEST_F(AccountWatchReportTest, FindingsAreCountedOverTheTargetsOfAReceiver) {
  report_.Configure({{kFirst}, {kSecond}, {kOther}});
  report_.Checked(kFirst, {Finding("no_such_responder"), Finding("no_such_responder")});
  report_.Checked(kSecond, {Finding("no_such_responder"), Finding("no_such_heartbeat")});
  report_.Checked(kOther, {});
  EXPECT_EQ(Findings("a", "no_such_responder"), "3");
  EXPECT_EQ(Findings("a", "no_such_heartbeat"), "1");
  EXPECT_EQ(Findings("b", "no_such_responder"), "");
}

TEST_F(AccountWatchReportTest, WhatIsNotFoundAnyMoreIsZero) {
  report_.Configure({{kFirst}});
  report_.Checked(kFirst, {Finding("unreachable")});
  report_.Checked(kFirst, {Finding("wrong_key")});
  EXPECT_EQ(Findings("a", "unreachable"), "0");
  EXPECT_EQ(Findings("a", "wrong_key"), "1");
  report_.Configure({{kFirst}, {kOther}});
  EXPECT_EQ(Findings("a", "wrong_key"), "1") << "until it is checked anew";
  report_.Checked(kFirst, {});
  EXPECT_EQ(Findings("a", "wrong_key"), "0");
}

TEST_F(AccountWatchReportTest, ATargetThatIsGoneHasNoFindingsAndNoAlerts) {
  report_.Configure({{kFirst}, {kSecond}});
  report_.Checked(kFirst, {Finding("wrong_key")});
  report_.Checked(kSecond, {Finding("wrong_key")});
  report_.Listed(kFirst, 3);
  report_.Listed(kSecond, 4);
  EXPECT_EQ(Value("tocsin_receiver_open_alerts{receiver=\"a\"}"), "7");
  report_.Configure({{kFirst}});
  EXPECT_EQ(Findings("a", "wrong_key"), "1");
  EXPECT_EQ(Value("tocsin_receiver_open_alerts{receiver=\"a\"}"), "3");
  report_.Configure({{kOther}});
  EXPECT_EQ(Findings("a", "wrong_key"), "0");
  EXPECT_EQ(Value("tocsin_receiver_open_alerts{receiver=\"a\"}"), "0");
}

TEST_F(AccountWatchReportTest, PingsAreCountedFromZero) {
  const std::string sent = "tocsin_heartbeats_total{outcome=\"sent\",receiver=\"a\"}";
  report_.Configure({{kFirst, true}, {kOther, false}});
  for (const char* outcome : {"sent", "withheld", "throttled", "refused", "failed"}) {
    const std::string labels = std::string("{outcome=\"") + outcome + "\",receiver=\"a\"}";
    EXPECT_EQ(Value("tocsin_heartbeats_total" + labels), "0");
  }
  EXPECT_THAT(metrics_.ExpositionText(), Not(HasSubstr("receiver=\"b\"")));
  report_.Pinged(kFirst, PingOutcome::kSent, "");
  report_.Pinged(kFirst, PingOutcome::kSent, "");
  EXPECT_EQ(Value(sent), "2");
}

TEST_F(AccountWatchReportTest, EachEventIsLoggedOnce) {
  report_.Configure({{kFirst, true}});
  const auto lines = [](const std::function<void()>& events) {
    testing::internal::CaptureStderr();
    events();
    const std::string text = testing::internal::GetCapturedStderr();
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines([&] {
              for (int i = 0; i < 3; ++i) report_.Checked(kFirst, {Finding("unreachable")});
            }),
            1);
  EXPECT_EQ(lines([&] {
              report_.Pinged(kFirst, PingOutcome::kSent, "");
              report_.Pinged(kFirst, PingOutcome::kWithheld, "why");
              report_.Pinged(kFirst, PingOutcome::kWithheld, "why");
              report_.Pinged(kFirst, PingOutcome::kSent, "");
              report_.Pinged(kFirst, PingOutcome::kSent, "");
            }),
            2)
      << "it stops, and goes on";
  EXPECT_EQ(lines([&] {
              report_.ListingFailed(kFirst, "403");
              report_.ListingFailed(kFirst, "403");
              report_.ListingFailed(kFirst, "");
            }),
            2);
}

}  // namespace
}  // namespace tocsin::app
