#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct MigrateOptions {
  std::string config_path = "tocsin.yaml";
  ServerTarget server = "";  // "": none is asked
  bool dry_run = false;
};

// `tocsin migrate opsgenie-to-jsm`: prints for each receiver what moving it from OpsGenie to Jira
// Service Management changes, what to write into the configuration, and what to look into before;
// with a server also how many alerts are open at the receivers that move. Changes nothing and asks
// neither OpsGenie nor its successor.
//
// Exit codes: 0 nothing is in the way, 1 findings, 2 the configuration cannot be read, the server
// does not answer, or it is not a dry run.
int RunMigrateToJsm(const MigrateOptions& options, http_client::HttpTransport& transport,
                    std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
