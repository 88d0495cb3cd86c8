#pragma once

#include <string>

#include "absl/time/time.h"
#include "integrations/http/http_client.h"

namespace tocsin::opsgenie {

// The words are also the metric's label and the log's field.
enum class Verdict {
  kAccepted,      // 2xx: for a write, queued and nothing more
  kPending,       // the request status is not known yet: ask again
  kNotFound,      // 404 on an alert or request: it is not there
  kThrottled,     // 429: nothing was done; wait
  kRetryLater,    // 5xx, 408: try again; it may have been done all the same
  kRejected,      // 400, 413, 422: this payload is wrong, another may do
  kUnauthorized,  // 401, ill-formed key, not OpsGenie: nothing passes until the configuration
                  // changes
  kRefused,  // 402, 403, 405, 501, ...: no request of this kind passes, others may: a key may be
             // restricted to some, a gateway may know some only
};
const char* VerdictName(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kRetryLater;
  absl::Duration wait;     // what the server asked for; zero if it did not say
  std::string request_id;  // of an accepted write
  std::string error;       // short, for people; "" if accepted
};
Judgement Judge(const http_client::HttpResponse& response);
// The same for a write. That is accepted by a 202 or a requestId only: any other success comes from
// something that is not OpsGenie, a proxy or a wrong URL, and counts as unauthorized.
Judgement JudgeWrite(const http_client::HttpResponse& response);

}  // namespace tocsin::opsgenie
