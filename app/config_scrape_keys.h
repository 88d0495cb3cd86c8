#pragma once

#include "app/config_reader.h"

namespace tocsin::app {

// Refuses what is among Prometheus' keys of `scrape_configs` and not among Tocsin's, each with what
// to do instead, and keys that nobody knows.
void CheckScrapeKeys(ConfigFindings& findings, ConfigMap& job);
// The same for its `tls_config`.
void CheckScrapeTlsKeys(ConfigFindings& findings, ConfigMap& tls);

}  // namespace tocsin::app
