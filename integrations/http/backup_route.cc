#include "integrations/http/backup_route.h"

#include <optional>
#include <string>

#include "integrations/http/admin_reply.h"
#include "integrations/http/prometheus_json.h"

namespace tocsin::http {
namespace {

constexpr char kWanted[] = R"(expected {"name": "..."})";

// The name alone: what is not understood would be ignored silently.
std::optional<std::string> ReadName(const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.size() != 1) return std::nullopt;
  const auto name = json.find("name");
  if (name == json.end() || !name->is_string()) return std::nullopt;
  return name->get<std::string>();
}

}  // namespace

HttpReply Backup(AdminBackend& backend, const HttpRequest& request) {
  if (request.method != "POST") return MethodNotAllowed("POST");
  if (FromAnotherOrigin(request)) {
    return ErrorReply(403, "forbidden", "a page of another origin may not make backups");
  }
  const std::optional<std::string> name = ReadName(request.body);
  if (!name) return ErrorReply(400, "bad_data", kWanted);
  const auto made = backend.Backup(*name);
  if (!made.ok()) return StatusReply(made.status());
  return JsonReply(200,
                   SuccessBody({{"name", *name}, {"path", made->path}, {"bytes", made->bytes}}));
}

}  // namespace tocsin::http
