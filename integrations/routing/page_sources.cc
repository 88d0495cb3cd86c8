#include "integrations/routing/page_sources.h"

#include <utility>

namespace tocsin::routing {

Labels LabelsForRouting(const state::v1::DesiredPage& page) {
  auto labels = Labels::FromCanonical(page.labels());
  if (!labels.ok()) return Labels();
  if (labels->Has("severity") || page.severity().empty()) return *std::move(labels);
  return LabelsBuilder(*labels).Set("severity", page.severity()).Build();
}

std::vector<Inhibitor::Slot> FollowPage(const storage::Outbox& outbox, const std::string& alias,
                                        Suppressor& suppressor) {
  const auto entry = outbox.Find(alias);
  // A group's page stands for alerts that are there themselves.
  const bool fires = entry && entry->desired.open() && !entry->desired.has_group();
  if (!fires) return suppressor.Remove(alias);
  return suppressor.SetFiring(alias, LabelsForRouting(entry->desired));
}

void FollowAllPages(const storage::Outbox& outbox, Suppressor& suppressor) {
  for (const std::string& alias : outbox.Aliases()) FollowPage(outbox, alias, suppressor);
}

}  // namespace tocsin::routing
