#include "integrations/delivery/target_set.h"

#include <algorithm>
#include <utility>

#include "integrations/delivery/opsgenie_target.h"

namespace tocsin::delivery {

void TargetSet::Configure(const std::shared_ptr<const ReceiversAndRoutes>& config) {
  configured_.clear();
  for (const auto& [name, receiver] : config->receivers) {
    uint32_t index = 0;
    for (const opsgenie::OpsgenieConfig& entry : receiver.opsgenie_configs) {
      // Shares the snapshot's ownership.
      Add({name, TargetDelivery::OPSGENIE, index++},
          std::make_shared<OpsgenieTarget>(
              std::shared_ptr<const opsgenie::OpsgenieConfig>(config, &entry), expander_));
    }
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

const std::vector<TargetKey>& TargetSet::Of(const std::string& receiver) const {
  static const std::vector<TargetKey> kNone;
  const auto found = configured_.find(receiver);
  return found == configured_.end() ? kNone : found->second;
}

}  // namespace tocsin::delivery
