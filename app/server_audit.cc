#include "app/server_audit.h"

#include "absl/strings/str_cat.h"
#include "app/version.h"
#include "integrations/access/digest.h"

namespace tocsin::app {

Revision RevisionOf(const LoadedFiles& files) {
  return {access::PrintDigest(access::DigestOf(PrintConfig(files.config))), files.rules->revision};
}

audit::Entry StartEntry(const Revision& revision) {
  return {"started",
          "",
          "",
          {{"version", kVersion}, {"config", revision.config}, {"rules", revision.rules}}};
}

audit::Entry StopEntry() {
  return {"stopped", "", "", {}};
}

audit::Entry ReloadEntry(const std::string& source, const absl::Status& status,
                         const Revision& before, const Revision& after) {
  return {"reload",
          "",
          source,
          {{"outcome", status.ok() ? "taken over" : std::string(status.message())},
           {"config_before", before.config},
           {"config_after", after.config},
           {"rules_before", before.rules},
           {"rules_after", after.rules}}};
}

audit::Entry RequestEntry(const std::string& actor, const http::HttpRequest& request,
                          const http::HttpReply& reply) {
  const std::string query = request.query.empty() ? "" : absl::StrCat("?", request.query);
  return {"request",
          actor,
          request.peer,
          {{"request", absl::StrCat(request.method, " ", request.path, query)},
           {"body", request.body},
           {"status", absl::StrCat(reply.status)},
           {"answer", reply.body}}};
}

audit::Entry RefusedEntry(const access::Visitor& visitor, const absl::Status& why,
                          uint64_t others) {
  return {"refused",
          "",
          std::string(visitor.peer),
          {{"listener", std::string(visitor.listener)},
           {"why", std::string(why.message())},
           {"others", absl::StrCat(others)}}};
}

}  // namespace tocsin::app
