#include "integrations/delivery/opsgenie_target.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/labels.h"
#include "integrations/delivery/opsgenie_outcome.h"
#include "integrations/delivery/opsgenie_step.h"
#include "integrations/page/clamp.h"

namespace tocsin::delivery {
namespace {

constexpr size_t kErrorCharsMax = 300;

}  // namespace

OpsgenieTarget::OpsgenieTarget(std::shared_ptr<const opsgenie::OpsgenieConfig> config,
                               std::shared_ptr<const EscalationSteps> escalation,
                               opsgenie::Expander expander)
    : config_(std::move(config)),
      escalation_(std::move(escalation)),
      expander_(std::move(expander)) {}

bool OpsgenieTarget::CanRead(const TargetDelivery& record) const {
  return CanLookup(record, *config_);
}

bool OpsgenieTarget::IsAbout(const opsgenie::WebhookEvent& event, const DesiredPage& page,
                             const TargetDelivery& record) const {
  if (!event.alert_id.empty() && !record.remote_id().empty()) {
    return event.alert_id == record.remote_id();
  }
  return event.alias.empty() ||
         event.alias == opsgenie::RemoteAlias(AliasThere(page, record, *config_));
}

std::string OpsgenieTarget::Account() const {
  const opsgenie::JsmRest& rest = config_->jsm_rest;
  const std::string key = config_->api_key.Reveal();
  if (rest.cloud_id.empty()) return absl::StrCat(config_->api_url, "#", Hash64(key));
  return absl::StrCat(
      config_->api_url, "#",
      Hash64(absl::StrJoin({key, rest.cloud_id, rest.user, rest.token.Reveal()}, "\n")));
}

std::string OpsgenieTarget::Redacted(const std::string& text) const {
  return page::ClampEnd(opsgenie::WithoutSecrets(*config_, text), kErrorCharsMax);
}

Step OpsgenieTarget::NextStep(const DesiredPage& page, const TargetDelivery& record) const {
  return delivery::NextStep(page, record, Place());
}

int OpsgenieTarget::UrgencyOf(Action action, const DesiredPage& page,
                              const TargetDelivery& record) const {
  return delivery::UrgencyOf(action, page, record, Place());
}

Sent OpsgenieTarget::BuildRequest(Action action, const DesiredPage& page,
                                  const TargetDelivery& record, Timestamp now) const {
  Sent sent = delivery::BuildRequest(action, page, record, Place());
  sent.sent_ms = now.millis();
  return sent;
}

bool OpsgenieTarget::PrepareCreate(const DesiredPage& page, TargetDelivery& record) const {
  const uint64_t occurrence = NextOccurrence(page, record, *config_);
  if (record.occurrence() == occurrence) return false;
  record.set_occurrence(occurrence);
  return occurrence != 0;
}

void OpsgenieTarget::NoteLeaving(const Sent& sent, TargetDelivery& record) const {
  delivery::NoteLeaving(sent, record);
}

Effect OpsgenieTarget::ApplyAnswer(const Sent& sent, const DesiredPage& page,
                                   const absl::StatusOr<http_client::HttpResponse>& answer,
                                   Timestamp now, double jitter, TargetDelivery& record) const {
  return delivery::ApplyAnswer(sent, page, *config_, answer, now, jitter, record);
}

bool OpsgenieTarget::FollowAccount(TargetDelivery& record) const {
  return delivery::FollowAccount(*config_, record);
}

void OpsgenieTarget::DoubtRecovered(const DesiredPage& page, Timestamp now,
                                    TargetDelivery& record) const {
  const int64_t uncertain_ms = (now + absl::Milliseconds(kUncertainMs)).millis();
  record.set_lookup_refused(false);
  if (record.closed_by_others() && record.closed_by_others_ms() == 0) {
    record.set_closed_by_others_ms(now.millis());
  }
  const bool sure = record.step() == TargetDelivery::IDLE && record.confirmed_open() &&
                    record.episode() == page.episode();
  // An update of it may have left all the same, and come late.
  if (!sure || record.confirmed_sequence() < page.sequence()) {
    record.set_verify_at_ms(uncertain_ms);
  }
  // So may the create that repeats one (NextWhenOpen).
  if (sure && record.close_uncertain_until_ms() != 0) record.set_uncertain_until_ms(uncertain_ms);
  if (sure) return;
  // Where nothing of an earlier episode can be left, what may have left is of this one.
  const bool earlier = record.confirmed_open() || record.uncertain_until_ms() != 0 ||
                       record.operation() == TargetDelivery::CREATE;
  if (!earlier) record.set_episode(page.episode());
  if (earlier) record.set_close_uncertain_until_ms(uncertain_ms);  // a close may have left
  const bool under_way =
      record.step() == TargetDelivery::SENT || record.step() == TargetDelivery::UNKNOWN;
  if (!under_way) record.set_operation(TargetDelivery::NONE);
  record.set_uncertain_until_ms(uncertain_ms);
  record.set_verify(true);
}

}  // namespace tocsin::delivery
