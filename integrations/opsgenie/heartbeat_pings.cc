#include "integrations/opsgenie/heartbeat_pings.h"

#include <algorithm>
#include <utility>

#include "integrations/opsgenie/heartbeat.h"
#include "integrations/opsgenie/judgement.h"
#include "integrations/opsgenie/request.h"

namespace tocsin::opsgenie {
namespace {

constexpr absl::Duration kLookAgain = absl::Seconds(5);
constexpr absl::Duration kDeadline = absl::Seconds(5);  // others wait for it
constexpr absl::Duration kRetryFirst = absl::Seconds(5);

bool HasHeartbeat(const OpsgenieConfig& config) {
  return !config.heartbeat.name.empty() && CapabilitiesOf(config).heartbeat;
}

// OpsGenie accepts a ping as it does a write; JSM's REST API just says that all is well.
Judgement JudgePing(const OpsgenieConfig& config,
                    const absl::StatusOr<http_client::HttpResponse>& answer) {
  if (answer.ok()) return config.profile == Profile::kJsm ? Judge(*answer) : JudgeWrite(*answer);
  Judgement none;
  none.verdict = Verdict::kRetryLater;
  none.error = std::string(answer.status().message());
  return none;
}

PingOutcome OutcomeOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return PingOutcome::kSent;
    case Verdict::kThrottled:
      return PingOutcome::kThrottled;
    case Verdict::kRetryLater:
    case Verdict::kPending:
      return PingOutcome::kFailed;
    case Verdict::kNotFound:
    case Verdict::kRejected:
    case Verdict::kUnauthorized:
    case Verdict::kRefused:
      return PingOutcome::kRefused;
  }
  return PingOutcome::kFailed;
}

}  // namespace

const char* PingOutcomeName(PingOutcome outcome) {
  switch (outcome) {
    case PingOutcome::kSent:
      return "sent";
    case PingOutcome::kWithheld:
      return "withheld";
    case PingOutcome::kThrottled:
      return "throttled";
    case PingOutcome::kRefused:
      return "refused";
    case PingOutcome::kFailed:
      return "failed";
  }
  return "";
}

HeartbeatPings::HeartbeatPings(std::shared_ptr<const OpsgenieConfig> config, Trouble trouble,
                               Told told)
    : config_(std::move(config)),
      trouble_(std::move(trouble)),
      told_(std::move(told)),
      pause_(kRetryFirst, config_->heartbeat.interval),
      due_(HasHeartbeat(*config_) ? Timestamp::Min() : Timestamp::Max()) {}

std::optional<http_client::HttpRequest> HeartbeatPings::Next(Timestamp now) {
  if (now < due_) return std::nullopt;
  const std::string why = trouble_();
  if (why.empty()) {
    tell_again_ = Timestamp::Min();
    const HeartbeatConfig& heartbeat = config_->heartbeat;
    auto request = PingHeartbeat(*config_, {heartbeat.name, heartbeat.team_id});
    request.deadline = kDeadline;
    return request;
  }
  due_ = now + std::min(kLookAgain, config_->heartbeat.interval);
  if (now >= tell_again_) {
    tell_again_ = now + config_->heartbeat.interval;
    told_(PingOutcome::kWithheld, why);
  }
  return std::nullopt;
}

void HeartbeatPings::Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now) {
  const Judgement judgement = JudgePing(*config_, answer);
  const PingOutcome outcome = OutcomeOf(judgement.verdict);
  if (outcome == PingOutcome::kSent || outcome == PingOutcome::kRefused) {
    pause_.Reset();
    due_ = now + config_->heartbeat.interval;
  } else {
    due_ = now + pause_.Grow(judgement.wait);
  }
  told_(outcome, outcome == PingOutcome::kSent ? "" : judgement.error);
}

void HeartbeatPings::ClockStepped(absl::Duration step) {
  if (due_ != Timestamp::Max()) due_ = due_ + step;
  tell_again_ = tell_again_ + step;
}

}  // namespace tocsin::opsgenie
