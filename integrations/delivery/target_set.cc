#include "integrations/delivery/target_set.h"

#include <algorithm>
#include <utility>

#include "integrations/delivery/alertmanager_endpoint.h"
#include "integrations/delivery/pagerduty_endpoint.h"
#include "integrations/delivery/posting_target.h"
#include "integrations/delivery/webhook_endpoint.h"

namespace tocsin::delivery {

void TargetSet::Configure(const std::shared_ptr<const ReceiversAndRoutes>& config) {
  configured_.clear();
  const auto post = [](std::unique_ptr<const Endpoint> endpoint) {
    return std::make_shared<PostingTarget>(std::move(endpoint));
  };
  for (const auto& [name, receiver] : config->receivers) {
    const std::shared_ptr<const EscalationSteps> escalation(config, &receiver.escalation);
    AddAll(name, TargetDelivery::OPSGENIE, config, receiver.opsgenie_configs, [&](auto entry) {
      return std::make_shared<OpsgenieTarget>(std::move(entry), escalation, expander_);
    });
    AddAll(name, TargetDelivery::WEBHOOK, config, receiver.webhook_configs,
           [&, receiver_name = name](auto entry) {
             return post(std::make_unique<WebhookEndpoint>(receiver_name, std::move(entry)));
           });
    AddAll(
        name, TargetDelivery::ALERTMANAGER, config, receiver.alertmanager_configs,
        [&](auto entry) { return post(std::make_unique<AlertmanagerEndpoint>(std::move(entry))); });
    AddAll(name, TargetDelivery::PAGERDUTY, config, receiver.pagerduty_configs, [&](auto entry) {
      return post(std::make_unique<PagerdutyEndpoint>(std::move(entry), expander_));
    });
  }
}

// Each entry shares the snapshot's ownership.
template <typename Config, typename Make>
void TargetSet::AddAll(const std::string& receiver, TargetDelivery::Kind kind,
                       const std::shared_ptr<const ReceiversAndRoutes>& config,
                       const std::vector<Config>& entries, Make make) {
  for (uint32_t index = 0; index < entries.size(); ++index) {
    Add({receiver, kind, index}, make(std::shared_ptr<const Config>(config, &entries[index])));
  }
}

void TargetSet::Add(const TargetKey& key, std::shared_ptr<const Target> target) {
  targets_[key] = std::move(target);
  configured_[key.receiver].push_back(key);
}

void TargetSet::ForgetUnused(const std::set<TargetKey>& used) {
  std::erase_if(targets_, [&](const auto& entry) {
    const std::vector<TargetKey>& configured = Of(entry.first.receiver);
    return used.count(entry.first) == 0 &&
           std::find(configured.begin(), configured.end(), entry.first) == configured.end();
  });
}

std::shared_ptr<const Target> TargetSet::Find(const TargetKey& key) const {
  const auto found = targets_.find(key);
  return found == targets_.end() ? nullptr : found->second;
}

const OpsgenieTarget* TargetSet::FindOpsgenie(const TargetKey& key) const {
  const auto target = Find(key);
  return key.kind == TargetDelivery::OPSGENIE ? static_cast<const OpsgenieTarget*>(target.get())
                                              : nullptr;
}

const std::vector<TargetKey>& TargetSet::Of(const std::string& receiver) const {
  static const std::vector<TargetKey> kNone;
  const auto found = configured_.find(receiver);
  return found == configured_.end() ? kNone : found->second;
}

}  // namespace tocsin::delivery
