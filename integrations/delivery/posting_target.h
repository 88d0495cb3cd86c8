#pragma once

#include <memory>
#include <string>

#include "integrations/delivery/endpoint.h"
#include "integrations/delivery/target.h"

namespace tocsin::delivery {

// A target that is told by single requests: a webhook, an Alertmanager, PagerDuty.
//
//   IDLE -create: confirmed-> IDLE (confirmed_open) -close: confirmed-> IDLE
//     |-5xx, 408, 429, no answer: again later
//     |-400, where there is a minimal form: that one
//     \-any other answer-> GAVE_UP: again when page or configuration change, and after a while
//
// An answer that is lost leaves a doubt for a minute: the request may come true after a later one.
// So what was confirmed last is said once more when the doubt ends. All requests can be repeated.
//
// An account is never blocked: one refused page says nothing of others. A close that is refused
// for five hours is dropped, so that a receiver that is no more does not fill the outbox.
class PostingTarget : public Target {
 public:
  explicit PostingTarget(std::unique_ptr<const Endpoint> endpoint);

  std::string Account() const override;
  std::string Redacted(const std::string& text) const override;
  Step NextStep(const DesiredPage& page, const TargetDelivery& record) const override;
  int UrgencyOf(Action action, const DesiredPage& page,
                const TargetDelivery& record) const override;
  Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& record,
                    Timestamp now) const override;
  void NoteLeaving(const Sent& sent, TargetDelivery& record) const override;
  Effect ApplyAnswer(const Sent& sent, const DesiredPage& page,
                     const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now,
                     double jitter, TargetDelivery& record) const override;
  // Nobody at another place knows the page: it is opened there.
  bool FollowAccount(TargetDelivery& record) const override;
  // A page that is open is sent anyway. One that closed with no sign of having been sent is closed
  // once.
  void DoubtRecovered(const DesiredPage& page, Timestamp now,
                      TargetDelivery& record) const override;

 private:
  Step NextWhenOpen(const DesiredPage& page, const TargetDelivery& record, int64_t due_ms) const;
  uint64_t PlaceHash() const;

  const std::unique_ptr<const Endpoint> endpoint_;
};

}  // namespace tocsin::delivery
