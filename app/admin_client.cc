#include "app/admin_client.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/http/form.h"

namespace tocsin::app {

AdminClient::AdminClient(http_client::HttpTransport& transport, ServerTarget server)
    : transport_(transport), server_(std::move(server)) {
  std::string& url = server_.url;
  if (!absl::StrContains(url, "://")) url = "http://" + url;
  while (absl::EndsWith(url, "/")) url.pop_back();
}

absl::StatusOr<http_client::HttpResponse> AdminClient::Exchange(http_client::HttpRequest request) {
  TOCSIN_ASSIGN_OR_RETURN(const Secret token, ReadToken(server_.token_file));
  if (!token.empty()) {
    request.headers.push_back({"Authorization", absl::StrCat("Bearer ", token.Reveal())});
  }
  request.ca_file = server_.ca_file;
  return transport_.Send(request);
}

absl::StatusOr<http_client::HttpResponse> AdminClient::Get(const std::string& path,
                                                           const Parameters& parameters) {
  http_client::HttpRequest request{.url = server_.url + path};
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    request.url += separator + http::PercentEncode(name) + "=" + http::PercentEncode(value);
    separator = '&';
  }
  auto response = Exchange(std::move(request));
  if (response.ok()) return response;
  return absl::UnavailableError(
      absl::StrCat(server_.url, ": ", std::string(response.status().message())));
}

absl::StatusOr<http_client::HttpResponse> AdminClient::Send(const std::string& method,
                                                            const std::string& path,
                                                            std::string body) {
  http_client::HttpRequest request{.method = method, .url = server_.url + path};
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  auto response = Exchange(std::move(request));
  if (response.ok()) return response;
  return absl::UnavailableError(
      absl::StrCat(server_.url, ": ", std::string(response.status().message())));
}

absl::StatusOr<std::string> AdminClient::Call(const std::string& path,
                                              const Parameters& parameters) {
  TOCSIN_ASSIGN_OR_RETURN(http_client::HttpResponse response, Get(path, parameters));
  return ReadCall(path, std::move(response));
}

absl::StatusOr<std::string> AdminClient::Post(const std::string& path, std::string body,
                                              absl::Duration deadline) {
  auto response = Exchange({.method = "POST",
                            .url = server_.url + path,
                            .headers = {{"Content-Type", "application/json"}},
                            .body = std::move(body),
                            .deadline = deadline});
  if (response.ok()) return ReadCall(path, *std::move(response));
  const std::string message =
      absl::StrCat(server_.url, ": ", std::string(response.status().message()));
  if (absl::IsUnknown(response.status())) return absl::DeadlineExceededError(message);
  return absl::UnavailableError(message);
}

absl::StatusOr<std::string> AdminClient::ReadCall(const std::string& path,
                                                  http_client::HttpResponse response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("status")) {
    return absl::UnavailableError(absl::StrCat(server_.url, path, ": status ", response.status,
                                               ", and the answer is not a Tocsin server's"));
  }
  if (json.value("status", "") == "success" && json.contains("data")) {
    return std::move(response.body);
  }
  const std::string why = json.value("error", "the server gives no reason");
  if (response.status == 404) return absl::NotFoundError(why);
  return absl::FailedPreconditionError(why);
}

}  // namespace tocsin::app
