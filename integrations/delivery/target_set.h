#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "integrations/delivery/opsgenie_target.h"
#include "integrations/delivery/receiver.h"
#include "integrations/delivery/target.h"
#include "integrations/page/page_text.h"

namespace tocsin::delivery {

// The targets of all receivers; also those of receivers that are gone but have pages, as last seen.
// Thread: one at a time; targets that were handed out stay usable.
class TargetSet {
 public:
  using Targets = std::map<TargetKey, std::shared_ptr<const Target>>;

  explicit TargetSet(page::Expander expander) : expander_(std::move(expander)) {}

  void Configure(const std::shared_ptr<const ReceiversAndRoutes>& config);
  // Forgets what is neither configured nor in `used`.
  void ForgetUnused(const std::set<TargetKey>& used);

  // Null if it is not known.
  std::shared_ptr<const Target> Find(const TargetKey& key) const;
  // The same, if it is one at OpsGenie.
  const OpsgenieTarget* FindOpsgenie(const TargetKey& key) const;
  // The configured targets of a receiver; none if it is not configured.
  const std::vector<TargetKey>& Of(const std::string& receiver) const;
  const Targets& all() const { return targets_; }

 private:
  template <typename Config, typename Make>
  void AddAll(const std::string& receiver, TargetDelivery::Kind kind,
              const std::shared_ptr<const ReceiversAndRoutes>& config,
              const std::vector<Config>& entries, Make make);
  void Add(const TargetKey& key, std::shared_ptr<const Target> target);

  const page::Expander expander_;
  Targets targets_;
  std::map<std::string, std::vector<TargetKey>> configured_;
};

}  // namespace tocsin::delivery
