#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "integrations/alertmanager/config.h"
#include "integrations/page/page_text.h"

// Alertmanager's API v2: POST /api/v2/alerts. An alert is told from others by its labels alone and
// ends at its `endsAt` unless it is sent again before.
namespace tocsin::alertmanager {

using page::DesiredPage;

struct Times {
  int64_t starts_ms = 0;
  int64_t now_ms = 0;
};

// The page's labels as they identify its alert: those of an empty value or an ill-formed page have
// a name at least, since Alertmanager refuses an alert without labels.
Labels AlertLabels(const DesiredPage& page);

// The body for a firing page: its alert, and those of the label sets in `former` (canonical) that
// it had before, ended. `former` may hold the present one, which stays.
std::string Firing(const DesiredPage& page, const AlertmanagerConfig& config, Times times,
                   const std::vector<std::string>& former);
// The body that ends the alerts of all label sets in `former`, or the page's own if there is none.
std::string Resolved(const DesiredPage& page, Times times, const std::vector<std::string>& former);

}  // namespace tocsin::alertmanager
