#include "integrations/http/http_counters.h"

#include "absl/strings/str_cat.h"

namespace tocsin::http {

const char* RefusalName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kMalformed:
      return "malformed";
    case Refusal::kHeaderTooLarge:
      return "header_too_large";
    case Refusal::kBodyTooLarge:
      return "body_too_large";
    case Refusal::kTooSlow:
      return "too_slow";
    case Refusal::kTooManyConnections:
      return "too_many_connections";
    case Refusal::kNotAdmitted:
      return "not_admitted";
    case Refusal::kHandshake:
      return "handshake";
  }
  return "unknown";
}

ServerCounters::ServerCounters(Metrics& metrics, const std::string& server)
    : connections(
          metrics.Gauge("tocsin_http_connections", "Open HTTP connections.", {{"server", server}})),
      idle_closed(metrics.Counter("tocsin_http_idle_closed_total",
                                  "Idle HTTP connections closed to make room for a new one.",
                                  {{"server", server}})) {
  for (int digit = 2; digit <= 5; ++digit) {
    requests[digit] = &metrics.Counter("tocsin_http_requests_total", "HTTP requests answered.",
                                       {{"server", server}, {"code", absl::StrCat(digit, "xx")}});
  }
  for (Refusal refusal : kRefusals) {
    refused[refusal] = &metrics.Counter("tocsin_http_refused_requests_total",
                                        "HTTP requests refused before they reached a handler.",
                                        {{"server", server}, {"reason", RefusalName(refusal)}});
  }
}

}  // namespace tocsin::http
