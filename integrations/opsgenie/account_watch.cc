#include "integrations/opsgenie/account_watch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "integrations/opsgenie/endpoint.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using Config = std::shared_ptr<const OpsgenieConfig>;

// The hooks, told without secrets.
HeartbeatPings::Told Careful(Config config, HeartbeatPings::Told told) {
  return [config, told](PingOutcome outcome, const std::string& why) {
    told(outcome, WithoutSecrets(*config, why));
  };
}

StartupCheck::Checked Careful(Config config, StartupCheck::Checked checked) {
  return [config, checked](std::vector<ProbeFinding> findings) {
    for (ProbeFinding& finding : findings) finding.text = WithoutSecrets(*config, finding.text);
    checked(findings);
  };
}

AlertListing::Failed Careful(Config config, AlertListing::Failed failed) {
  return [config, failed](const std::string& error) { failed(WithoutSecrets(*config, error)); };
}

}  // namespace

AccountWatch::AccountWatch(Config config, AccountWatchHooks hooks)
    : pings_(config, std::move(hooks.trouble), Careful(config, std::move(hooks.pinged))),
      check_(config, Careful(config, std::move(hooks.checked))),
      listing_(config, std::move(hooks.listed), Careful(config, std::move(hooks.listing_failed))) {}

std::optional<HttpRequest> AccountWatch::NextPing(Timestamp now) {
  TOCSIN_CHECK(under_way_ == UnderWay::kNothing);
  auto request = pings_.Next(now);
  if (request) under_way_ = UnderWay::kPing;
  return request;
}

std::optional<HttpRequest> AccountWatch::Next(Timestamp now) {
  auto request = NextPing(now);
  if (request) return request;
  if (request = check_.Next(now); request) {
    under_way_ = UnderWay::kCheck;
  } else if (request = listing_.Next(now); request) {
    under_way_ = UnderWay::kList;
  }
  return request;
}

void AccountWatch::Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now) {
  switch (std::exchange(under_way_, UnderWay::kNothing)) {
    case UnderWay::kNothing:
      TOCSIN_CHECK(false) << "an answer to nothing";
      return;
    case UnderWay::kPing:
      return pings_.Take(answer, now);
    case UnderWay::kCheck:
      return check_.Take(answer, now);
    case UnderWay::kList:
      return listing_.Take(answer, now);
  }
}

Timestamp AccountWatch::NextDue() const {
  return std::min({pings_.NextDue(), check_.NextDue(), listing_.NextDue()});
}

void AccountWatch::ClockStepped(absl::Duration step) {
  TOCSIN_CHECK(under_way_ == UnderWay::kNothing);
  pings_.ClockStepped(step);
  check_.ClockStepped(step);
  listing_.ClockStepped(step);
}

}  // namespace tocsin::opsgenie
