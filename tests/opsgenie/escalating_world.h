#pragma once

#include <string>

#include "integrations/routing/suppressor.h"
#include "storage/memory_store.h"
#include "tests/opsgenie/delivery_world.h"

// Worlds in which pages escalate to a second account.
namespace tocsin::delivery {

opsgenie::ResponderTemplate Team(const std::string& name);

// A warning is raised after 15 minutes, goes to the managers after 30, and to their escalation.
ReceiversAndRoutes Escalating(opsgenie::OpsgenieConfig target = TestTarget());

// Pages that nobody has in hand are told each hour.
ReceiversAndRoutes Repeating(opsgenie::OpsgenieConfig target = TestTarget());

// Accounts "main" and "managers", with webhooks.
sim::SimOptions TwoAccounts();

// The newest alert of an account, of which there must be one.
const sim::SimAlert& In(const DeliveryWorld& world, const std::string& account);
size_t AlertsIn(const DeliveryWorld& world, const std::string& account);

}  // namespace tocsin::delivery
