#pragma once

#include "integrations/datadog/intake.h"
#include "integrations/datadog/log_intake.h"
#include "integrations/ingest/http_front.h"

namespace tocsin::datadog {

// Adds the routes of both to an HTTP port, which must not outlive them.
void AddRoutes(Intake& intake, LogIntake& logs, ingest::HttpFront& front);

}  // namespace tocsin::datadog
