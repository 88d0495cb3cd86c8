#pragma once

#include <vector>

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "app/receiver_context.h"
#include "base/limits.h"
#include "integrations/scrape/config.h"

namespace tocsin::app {

// `scrape_configs`: what Tocsin knows of Prometheus' keys. The other ones are refused by name.
std::vector<scrape::ScrapeJob> ReadScrapeJobs(const ReceiverContext& context, const ConfigMap& top,
                                              const Limits& limits);

// Nothing if there are none; secrets as "<redacted>".
void PrintScrapeJobs(const std::vector<scrape::ScrapeJob>& jobs, ConfigWriter& writer);

// All targets of all jobs.
std::vector<scrape::TargetConfig> ScrapeTargets(const std::vector<scrape::ScrapeJob>& jobs);

}  // namespace tocsin::app
