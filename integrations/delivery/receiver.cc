#include "integrations/delivery/receiver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::delivery {
namespace {

bool AllMatch(const Route& route, const Labels& labels) {
  return std::all_of(route.matchers.begin(), route.matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

// Adds the receivers of `route`, which matches already.
void Collect(const Route& route, const std::string& inherited, const Labels& labels,
             std::vector<std::string>& out) {
  const std::string& receiver = route.receiver.empty() ? inherited : route.receiver;
  bool handed_down = false;
  for (const Route& child : route.routes) {
    if (!AllMatch(child, labels)) continue;
    Collect(child, receiver, labels, out);
    handed_down = true;
    if (!child.continue_matching) break;
  }
  if (handed_down) return;
  if (std::find(out.begin(), out.end(), receiver) == out.end()) out.push_back(receiver);
}

absl::Status CheckReceivers(const Route& route, const ReceiversAndRoutes& config) {
  if (!route.receiver.empty() && !config.receivers.count(route.receiver)) {
    return absl::InvalidArgumentError(
        absl::StrCat("route names the unknown receiver \"", route.receiver, "\""));
  }
  for (const Route& child : route.routes) TOCSIN_RETURN_IF_ERROR(CheckReceivers(child, config));
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const ReceiversAndRoutes& config) {
  if (config.route.receiver.empty()) {
    return absl::InvalidArgumentError("the root route needs a receiver");
  }
  if (!config.route.matchers.empty()) {
    return absl::InvalidArgumentError("the root route takes every page and must have no matchers");
  }
  return CheckReceivers(config.route, config);
}

std::vector<std::string> Match(const Route& root, const Labels& labels) {
  std::vector<std::string> receivers;
  Collect(root, root.receiver, labels, receivers);
  return receivers;
}

}  // namespace tocsin::delivery
