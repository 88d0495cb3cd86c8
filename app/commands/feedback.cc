#include "app/commands/feedback.h"

#include <nlohmann/json.hpp>

namespace tocsin::app {
namespace {

using nlohmann::json;

constexpr absl::Duration kDeadline = absl::Seconds(30);

}  // namespace

int RunFeedback(const FeedbackOptions& options, http_client::HttpTransport& transport,
                std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  const std::string body = json{{"alias", options.alias}, {"feedback", options.feedback}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  const auto answer = client.Post("/api/tocsin/v1/feedback", body, kDeadline);
  if (!answer.ok()) {
    err << "tocsin feedback: " << answer.status().message() << "\n";
    return 2;
  }
  const json parsed = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  const std::string monitor = parsed.is_object() && parsed.contains("data")
                                  ? parsed["data"].value("monitor", std::string())
                                  : std::string();
  out << "taken by " << monitor << ": " << options.feedback << "\n";
  return 0;
}

}  // namespace tocsin::app
