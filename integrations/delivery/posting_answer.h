#pragma once

#include <cstdint>
#include <string>

#include "integrations/delivery/endpoint.h"
#include "integrations/delivery/target.h"

namespace tocsin::delivery {

// Whether an alert of the record's episode is there, or may be: a request that opens it left, and
// nothing is known of it.
bool MayBeOpen(const TargetDelivery& record);

// One answer of an endpoint being taken in: what it changes in the record, and what it means.
// Borrows everything.
class PostingAnswer {
 public:
  PostingAnswer(const Sent& sent, const Endpoint& endpoint, Timestamp now, double jitter,
                TargetDelivery& record);

  Effect Answer(const http_client::HttpResponse& response);
  Effect NoAnswer(const absl::Status& error);

 private:
  Effect Confirmed();
  Effect Opened(bool was_open);
  Effect Closed(bool was_open);
  // Of the label sets that were posted the one that was confirmed is left, unless others may come.
  void ForgetLabels();
  // The receiver will not take this. Nothing was done.
  Effect Refused(const std::string& error, bool minimal_may_do);
  // The close of an earlier page, which must not hold up the next one.
  Effect RefusedInTheWay(const std::string& error);
  Effect RefusedUpkeep(const std::string& error);
  // Unless an earlier attempt may have arrived, there is no page.
  void NotDone();
  // It may have arrived, and may come true after what is sent next.
  void Doubt();
  Effect Later(const std::string& error, absl::Duration wait, Outcome outcome);
  // Nothing of it is under way or refused any more.
  void Done();

  const Sent& sent_;
  const Endpoint& endpoint_;
  const int64_t now_ms_;
  const double jitter_;
  TargetDelivery& record_;
};

}  // namespace tocsin::delivery
