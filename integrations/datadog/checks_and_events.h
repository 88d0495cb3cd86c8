#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/sample_taker.h"

// Runs of service checks, and events, as series. Thread: one, as the taker.
namespace tocsin::datadog {

// datadog_service_check{check, host, tags..}: 0 OK, 1 warning, 2 critical, 3 unknown.
struct SentCheck {
  absl::string_view name;
  absl::string_view host;
  std::vector<absl::string_view> tags;
  int64_t time_ms = 0;  // 0: now
  int64_t status = 3;
};
// A status that is none is rejected. Errors: what SampleTaker::Take() returns.
absl::Status TakeCheck(const SentCheck& check, SampleTaker& taker);

// datadog_events{source, alert_type, priority, host, tags..}: 1 for each, at its time. Titles and
// texts are no labels: there would be a series for each.
struct SentEvent {
  absl::string_view source;      // "": not said, no label
  absl::string_view alert_type;  // error, warning, info, success; "": info
  absl::string_view priority;    // normal, low; "": normal
  absl::string_view host;
  std::vector<absl::string_view> tags;
  int64_t time_ms = 0;  // 0: now; in whole seconds
};
// `number` tells the events of a request apart: those of one second and of the same labels would be
// one sample otherwise. Their milliseconds come from it and from the time of arrival.
absl::Status TakeEvent(const SentEvent& event, uint64_t number, SampleTaker& taker);

// /api/v1/check_run: an array of runs, or a single one. InvalidArgument if the body is not JSON.
absl::Status TakeChecksJson(absl::string_view body, SampleTaker& taker);
// /api/v1/events: one event.
absl::Status TakeEventJson(absl::string_view body, SampleTaker& taker, uint64_t* events);
// The member `events` of /intake: source -> array of events. `events` counts them.
absl::Status TakeEventsOf(const nlohmann::json& by_source, SampleTaker& taker, uint64_t* events);

}  // namespace tocsin::datadog
