#pragma once

#include <string>

#include "base/timestamp.h"
#include "integrations/ingest/budget.h"

namespace tocsin::ingest {

// What a route of HttpFront is told besides the request. Lives as long as the call.
struct IngestContext {
  std::string sender;  // the host the request came from, without a port: whose new series they are
  Timestamp now;       // when the request was there
  BudgetLease& room;   // holds what the body takes; decoders take what they need from it
};

}  // namespace tocsin::ingest
