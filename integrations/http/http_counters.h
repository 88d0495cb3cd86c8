#pragma once

#include <map>
#include <string>

#include "base/metrics.h"

// What a server counts.
namespace tocsin::http {

// Why a request was not handed to the handler; the word is the metric's label.
enum class Refusal {
  kMalformed,
  kHeaderTooLarge,
  kBodyTooLarge,
  kTooSlow,
  kTooManyConnections,
  kNotAdmitted,
  kHandshake,
};
inline constexpr Refusal kRefusals[] = {Refusal::kMalformed,          Refusal::kHeaderTooLarge,
                                        Refusal::kBodyTooLarge,       Refusal::kTooSlow,
                                        Refusal::kTooManyConnections, Refusal::kNotAdmitted,
                                        Refusal::kHandshake};
const char* RefusalName(Refusal refusal);

struct ServerCounters {
  ServerCounters(Metrics& metrics, const std::string& server);
  std::map<int, prometheus::Counter*> requests;  // by the first digit of the status
  std::map<Refusal, prometheus::Counter*> refused;
  prometheus::Gauge& connections;
  prometheus::Counter& idle_closed;
};

}  // namespace tocsin::http
