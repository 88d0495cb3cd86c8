#pragma once

#include "integrations/datadog/intake.h"
#include "integrations/ingest/http_front.h"

namespace tocsin::datadog {

// Adds the routes of the intake to an HTTP port, which must not outlive it.
void AddRoutes(Intake& intake, ingest::HttpFront& front);

}  // namespace tocsin::datadog
