#include "tests/opsgenie/escalating_world.h"

#include <algorithm>

#include "base/check.h"

namespace tocsin::delivery {
namespace {

constexpr char kManagersKey[] = "33333333-2222-4333-8444-555555555555";

}  // namespace

opsgenie::ResponderTemplate Team(const std::string& name) {
  return {"team", "", name, ""};
}

ReceiversAndRoutes Escalating(opsgenie::OpsgenieConfig target) {
  ReceiversAndRoutes config = TestConfig(target);
  opsgenie::OpsgenieConfig managers = TestTarget();
  managers.api_key = Secret(kManagersKey);
  managers.responders = {Team("managers")};
  config.receivers["managers"] = {"managers", {managers}};
  EscalationStep raise;
  raise.after = absl::Minutes(15);
  raise.priority = "P1";
  raise.add_responders = {Team("payments-leads"), {"escalation", "", "payments-all", ""}};
  EscalationStep hand_over;
  hand_over.after = absl::Minutes(30);
  hand_over.unless = EscalationStep::Unless::kClosed;
  hand_over.receiver = "managers";
  config.receivers["payments"].escalation = {raise, hand_over};
  return config;
}

ReceiversAndRoutes Repeating(opsgenie::OpsgenieConfig target) {
  ReceiversAndRoutes config = TestConfig(target);
  config.route.repeat_interval = absl::Hours(1);
  return config;
}

sim::SimOptions TwoAccounts() {
  sim::SimOptions options = TestSim();
  options.keys[kManagersKey] = {.account = "managers"};
  options.webhooks = true;
  return options;
}

const sim::SimAlert& In(const DeliveryWorld& world, const std::string& account) {
  const sim::SimAlert* found = nullptr;
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (alert.account == account && (found == nullptr || alert.tiny_id > found->tiny_id)) {
      found = &alert;
    }
  }
  TOCSIN_CHECK(found != nullptr) << account;
  return *found;
}

size_t AlertsIn(const DeliveryWorld& world, const std::string& account) {
  return std::count_if(world.sim.alerts().begin(), world.sim.alerts().end(),
                       [&](const auto& entry) { return entry.second.account == account; });
}

}  // namespace tocsin::delivery
