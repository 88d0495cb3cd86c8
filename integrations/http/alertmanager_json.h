#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/http/alertmanager_backend.h"
#include "integrations/http/prometheus_json.h"
#include "integrations/routing/silence.h"

namespace tocsin::http {

// The objects of Alertmanager's API v2 (its openapi.yaml), in both directions. Pure functions, any
// thread.

Json ToJson(const routing::Silence& silence, Timestamp now);
// `now`: alerts have no end while they fire, but the format wants one; it is a while ahead.
Json ToJson(const ActiveAlert& alert, Timestamp now);

// The silence of a POST. What the format does not know is ignored, as Alertmanager does.
// InvalidArgument says which field is missing or wrong.
absl::StatusOr<routing::Silence> ParseSilence(absl::string_view body);

std::string Dump(const Json& json);  // bytes that are no UTF-8 are replaced

}  // namespace tocsin::http
