#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "app/loaded_files.h"
#include "integrations/access/access.h"
#include "integrations/audit/audit_log.h"
#include "integrations/http/http_message.h"

// What a server puts into its audit. Pure functions.
namespace tocsin::app {

// Which configuration and rules are meant: the revision of the rules, and the SHA-256 of the
// configuration as --print-config prints it, without secrets.
struct Revision {
  std::string config;
  std::string rules;
};
Revision RevisionOf(const LoadedFiles& files);

audit::Entry StartEntry(const Revision& revision);
audit::Entry StopEntry();
// `source` is what asked for it: "signal", "files", "request". After a refused one `after` is as
// before.
audit::Entry ReloadEntry(const std::string& source, const absl::Status& status,
                         const Revision& before, const Revision& after);
// A request that would change something, with its answer.
audit::Entry RequestEntry(const std::string& actor, const http::HttpRequest& request,
                          const http::HttpReply& reply);
// `others`: how many were refused since the last entry without one of their own.
audit::Entry RefusedEntry(const access::Visitor& visitor, const absl::Status& why, uint64_t others);

}  // namespace tocsin::app
