#include "integrations/opsgenie/startup_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"

namespace tocsin::opsgenie {
namespace {

constexpr absl::Duration kPauseFirst = absl::Seconds(30);
constexpr absl::Duration kPauseMax = absl::Minutes(10);

// Whether a run ended for want of an answer.
bool LearnedNothing(const std::vector<ProbeFinding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const ProbeFinding& finding) {
    const absl::string_view code = finding.code;
    return code == "unreachable" || code == "no_answer";
  });
}

}  // namespace

StartupCheck::StartupCheck(std::shared_ptr<const OpsgenieConfig> config, Checked checked)
    : config_(std::move(config)), checked_(std::move(checked)), pause_(kPauseFirst, kPauseMax) {
  probe_.emplace(*config_, config_->heartbeat.name);
}

std::optional<http_client::HttpRequest> StartupCheck::Next(Timestamp now) const {
  if (now < due_) return std::nullopt;
  return probe_->Next();
}

void StartupCheck::Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now) {
  probe_->Take(answer);
  if (probe_->Next()) return;
  const std::vector<ProbeFinding> findings = probe_->findings();
  due_ = Timestamp::Max();
  if (LearnedNothing(findings)) {
    due_ = now + pause_.Grow();
    probe_.emplace(*config_, config_->heartbeat.name);
  }
  checked_(findings);
}

void StartupCheck::ClockStepped(absl::Duration step) {
  if (due_ != Timestamp::Max()) due_ = due_ + step;
}

}  // namespace tocsin::opsgenie
