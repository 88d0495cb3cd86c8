#pragma once

#include <memory>
#include <string>

#include "integrations/delivery/opsgenie_content.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/webhook.h"

namespace tocsin::delivery {

// A target at OpsGenie or JSM. Requests are accepted first and done later, so each is followed by
// questions until its fate is known (opsgenie_step.h, opsgenie_outcome.h).
class OpsgenieTarget : public Target {
 public:
  // `escalation` is that of its receiver.
  OpsgenieTarget(std::shared_ptr<const opsgenie::OpsgenieConfig> config,
                 std::shared_ptr<const EscalationSteps> escalation, opsgenie::Expander expander);

  // Whether a page can be read there.
  bool CanRead(const TargetDelivery& record) const;
  // Whether the alert it tells of is the page there: by its id if both are known, else its alias.
  bool IsAbout(const opsgenie::WebhookEvent& event, const DesiredPage& page,
               const TargetDelivery& record) const;

  std::string Account() const override;
  std::string Redacted(const std::string& text) const override;
  Step NextStep(const DesiredPage& page, const TargetDelivery& record) const override;
  int UrgencyOf(Action action, const DesiredPage& page,
                const TargetDelivery& record) const override;
  Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& record,
                    Timestamp now) const override;
  bool PrepareCreate(const DesiredPage& page, TargetDelivery& record) const override;
  void NoteLeaving(const Sent& sent, TargetDelivery& record) const override;
  Effect ApplyAnswer(const Sent& sent, const DesiredPage& page,
                     const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now,
                     double jitter, TargetDelivery& record) const override;
  bool FollowAccount(TargetDelivery& record) const override;
  // A create that is not in the record may have left. Only a page that is known to be open for this
  // episode is past that.
  void DoubtRecovered(const DesiredPage& page, Timestamp now,
                      TargetDelivery& record) const override;

 private:
  OpsgeniePlace Place() const { return {*config_, expander_, *escalation_}; }

  const std::shared_ptr<const opsgenie::OpsgenieConfig> config_;
  const std::shared_ptr<const EscalationSteps> escalation_;
  const opsgenie::Expander expander_;
};

}  // namespace tocsin::delivery
