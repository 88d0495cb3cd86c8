#include "integrations/http/feedback_route.h"

#include <optional>
#include <string>

#include "integrations/http/admin_reply.h"
#include "integrations/http/prometheus_json.h"

namespace tocsin::http {
namespace {

constexpr char kWanted[] = R"(expected {"alias": "...", "feedback": "..."})";

std::optional<std::string> ReadText(const Json& json, const char* key) {
  const auto value = json.find(key);
  if (value == json.end() || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

}  // namespace

HttpReply Feedback(AdminBackend& backend, const HttpRequest& request) {
  if (request.method != "POST") return MethodNotAllowed("POST");
  if (FromAnotherOrigin(request)) {
    return ErrorReply(403, "forbidden", "a page of another origin may not give feedback");
  }
  const Json json = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.size() != 2) return ErrorReply(400, "bad_data", kWanted);
  const std::optional<std::string> alias = ReadText(json, "alias");
  const std::optional<std::string> feedback = ReadText(json, "feedback");
  if (!alias || !feedback) return ErrorReply(400, "bad_data", kWanted);
  const auto monitor = backend.Feedback(*alias, *feedback);
  if (!monitor.ok()) return StatusReply(monitor.status());
  return JsonReply(200, SuccessBody({{"monitor", *monitor}}));
}

}  // namespace tocsin::http
