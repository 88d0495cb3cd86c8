#include "tests/opsgenie/delivery_wire.h"

#include <algorithm>
#include <utility>

namespace tocsin::delivery {

bool DeliveryWire::SendOne(Delivery& delivery, Timestamp now, Timestamp true_now) {
  if (!Takes()) return false;
  auto work = delivery.Take(now);
  if (!work) return false;
  const sim::SimReply reply = sim_.Handle(work->request(), true_now);
  const absl::Duration wait = latency + reply.delay;
  const absl::Duration deadline = work->request().deadline;
  absl::StatusOr<http_client::HttpResponse> answer = reply.response;
  if (reply.dropped) answer = absl::UnknownError("connection lost");
  if (wait > deadline) answer = absl::UnknownError("deadline");
  const Timestamp at = true_now + std::min(wait, deadline);
  answers_.emplace(at.millis(), Answer{std::move(*work), std::move(answer)});
  return true;
}

bool DeliveryWire::CompleteOne(Delivery& delivery, Timestamp now, Timestamp true_now) {
  if (answers_.empty() || answers_.begin()->first > true_now.millis()) return false;
  const Answer answer = std::move(answers_.begin()->second);
  answers_.erase(answers_.begin());
  delivery.Complete(answer.work, answer.response, now);
  return true;
}

Timestamp DeliveryWire::NextAnswer() const {
  return answers_.empty() ? Timestamp::Max() : Timestamp::FromMillis(answers_.begin()->first);
}

}  // namespace tocsin::delivery
