#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/growing_pause.h"
#include "integrations/opsgenie/probe.h"

namespace tocsin::opsgenie {

// Runs a Probe, and another one after a pause (30 s, doubled up to 10 min) as long as the server
// cannot be reached or does not answer. Then nothing is due any more.
//
// Thread: one at a time.
class StartupCheck {
 public:
  // Called from Take at the end of each run with all it found; empty: nothing is wrong.
  using Checked = std::function<void(const std::vector<ProbeFinding>& findings)>;

  StartupCheck(std::shared_ptr<const OpsgenieConfig> config, Checked checked);

  // The request that is due; each is answered by one Take.
  std::optional<http_client::HttpRequest> Next(Timestamp now) const;
  void Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now);
  Timestamp NextDue() const { return due_; }  // Max: it is done
  void ClockStepped(absl::Duration step);

 private:
  const std::shared_ptr<const OpsgenieConfig> config_;
  const Checked checked_;
  std::optional<Probe> probe_;
  GrowingPause pause_;
  Timestamp due_ = Timestamp::Min();
};

}  // namespace tocsin::opsgenie
