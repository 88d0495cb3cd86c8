#include "integrations/ingest/log_decode.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::ingest {

absl::StatusOr<LogSamples> LogDecoder::Decode(absl::string_view request, Timestamp now,
                                              BudgetLease* room) {
  if (request.size() > limits_.request_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("request of ", request.size(),
                                                     " bytes; at most ", limits_.request_bytes_max,
                                                     " are taken (request_bytes_max)"));
  }
  LogWalk walk(limits_, counters_.rules(), now, room);
  TOCSIN_RETURN_IF_ERROR(walk.Request(request));
  return walk.Count(counters_);
}

}  // namespace tocsin::ingest
