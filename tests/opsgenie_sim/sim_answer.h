#pragma once

#include <string>
#include <vector>

#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_types.h"

namespace tocsin::sim {

// What is answered to a request that was not lost on its way, and why.
struct SimAnswer {
  int status = 200;
  Json body = Json::object();
  std::string verdict;  // for the journal
  std::vector<http_client::HttpHeader> headers;
};

inline SimAnswer Ok(Json data) {
  return {200, {{"data", std::move(data)}}, "ok", {}};
}
inline SimAnswer NotFound(const std::string& message) {
  return {404, {{"message", message}}, "not found", {}};
}
inline SimAnswer Forbidden(const std::string& message) {
  return {403, {{"message", message}, {"code", 40301}}, "refused: key kind", {}};
}

}  // namespace tocsin::sim
