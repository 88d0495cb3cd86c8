#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::sim {

inline constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
inline constexpr char kTeamKey[] = "21111111-2222-4333-8444-555555555555";
inline constexpr char kManagementKey[] = "31111111-2222-4333-8444-555555555555";
inline constexpr char kReadOnlyKey[] = "51111111-2222-4333-8444-555555555555";
inline constexpr char kWriteOnlyKey[] = "61111111-2222-4333-8444-555555555555";
inline constexpr char kDisabledKey[] = "41111111-2222-4333-8444-555555555555";

inline SimOptions Options() {
  SimOptions options;
  options.keys[kKey] = {};
  options.keys[kTeamKey] = {KeyKind::kTeam, "main", "payments", true};
  options.keys[kManagementKey] = {KeyKind::kManagement, "main", "", true};
  options.keys[kReadOnlyKey] = {KeyKind::kReadOnly, "main", "", true};
  options.keys[kWriteOnlyKey] = {KeyKind::kWriteOnly, "main", "", true};
  options.keys[kDisabledKey] = {KeyKind::kApiIntegration, "main", "", false};
  options.delay = absl::Milliseconds(100);
  return options;
}

// A simulator with a clock in hand.
class Sim {
 public:
  explicit Sim(SimOptions options = Options()) : sim(std::move(options)) {}

  SimReply Send(const std::string& method, const std::string& target, const std::string& body = "",
                const std::string& authorization = absl::StrCat("GenieKey ", kKey),
                const std::string& type = "application/json") {
    http_client::HttpRequest request{method, absl::StrCat("https://api.example", target), {}, body};
    if (!authorization.empty()) request.headers.push_back({"Authorization", authorization});
    if (!type.empty()) request.headers.push_back({"Content-Type", type});
    return sim.Handle(request, now);
  }
  int Status(const std::string& method, const std::string& target, const std::string& body = "") {
    return Send(method, target, body).response.status;
  }
  Json Body(const std::string& method, const std::string& target, const std::string& body = "") {
    return Json::parse(Send(method, target, body).response.body);
  }
  // Sends, lets it be processed, returns the request status' data.
  Json Do(const std::string& method, const std::string& target, const std::string& body = "") {
    const Json accepted = Body(method, target, body);
    if (!accepted.contains("requestId")) return accepted;
    now = now + absl::Milliseconds(100);
    return Body("GET",
                absl::StrCat("/v2/alerts/requests/", accepted["requestId"].get<std::string>()))
        .value("data", Json());
  }
  // As somebody else than kKey.
  http_client::HttpResponse As(const std::string& authorization, const std::string& method,
                               const std::string& target, const std::string& body = "") {
    return Send(method, target, body, authorization).response;
  }
  const SimAlert& Only() { return sim.alerts().begin()->second; }

  SimOpsgenie sim;
  Timestamp now = Timestamp::FromMillis(1'700'000'000'000);
};

}  // namespace tocsin::sim
