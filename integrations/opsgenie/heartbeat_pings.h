#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/growing_pause.h"

namespace tocsin::opsgenie {

// What became of a ping; the word is the metric's label.
enum class PingOutcome {
  kSent,
  kWithheld,   // pages cannot be relied on: somebody is to learn of it by the heartbeat's alert
  kThrottled,  // 429
  kRefused,    // the key, the plan or the URL does not allow it
  kFailed,     // 5xx, or no answer: it may have arrived
};
inline constexpr int kPingOutcomes = static_cast<int>(PingOutcome::kFailed) + 1;
const char* PingOutcomeName(PingOutcome outcome);

// Pings the heartbeat of a configuration while pages can be relied on. One that failed is repeated
// soon, one that is withheld is looked at again soon, so that neither adds much to the silence.
//
// Thread: one at a time.
class HeartbeatPings {
 public:
  // Why pages cannot be relied on just now, in words; "": they can.
  using Trouble = std::function<std::string()>;
  // Called from Next and Take; `why` is "" for kSent. What is withheld is told once for each ping
  // that should have left.
  using Told = std::function<void(PingOutcome outcome, const std::string& why)>;

  HeartbeatPings(std::shared_ptr<const OpsgenieConfig> config, Trouble trouble, Told told);

  // The ping that is due; each is answered by one Take. Asks for trouble.
  std::optional<http_client::HttpRequest> Next(Timestamp now);
  void Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now);
  Timestamp NextDue() const { return due_; }  // Max: there is no heartbeat
  void ClockStepped(absl::Duration step);

 private:
  const std::shared_ptr<const OpsgenieConfig> config_;
  const Trouble trouble_;
  const Told told_;
  GrowingPause pause_;
  Timestamp due_;
  Timestamp tell_again_ = Timestamp::Min();  // of withholding
};

}  // namespace tocsin::opsgenie
