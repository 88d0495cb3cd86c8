#pragma once

#include <string>

#include "base/timestamp.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/sender_rates.h"

namespace tocsin::ingest {

// What a route of HttpFront is told besides the request. Lives as long as the call.
struct IngestContext {
  std::string sender;  // the host the request came from, without a port: whose new series they are
  Timestamp now;       // when the request was there
  BudgetLease& room;   // holds what the body takes; decoders take what they need from it
  SenderRates& rates;  // what decides whether the sender's next request may come

  // The samples of this one, rejected ones included.
  void Charge(uint64_t samples) const { rates.Charge(sender, samples); }
};

}  // namespace tocsin::ingest
