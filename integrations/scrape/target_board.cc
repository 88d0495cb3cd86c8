#include "integrations/scrape/target_board.h"

namespace tocsin::scrape {

void TargetBoard::Set(uint64_t id, const TargetConfig& config) {
  MutexLock lock(mutex_);
  TargetView& view = targets_[id];
  view.job = config.job;
  view.address = config.address;
  view.url = config.url;
  view.labels = config.labels;
  view.interval = config.interval;
  view.timeout = config.timeout;
}

void TargetBoard::Scraped(uint64_t id, Timestamp start, absl::Duration took,
                          const std::string& error) {
  MutexLock lock(mutex_);
  const auto it = targets_.find(id);
  if (it == targets_.end()) return;
  it->second.last_scrape = start;
  it->second.took = took;
  it->second.error = error;
}

void TargetBoard::Remove(uint64_t id) {
  MutexLock lock(mutex_);
  targets_.erase(id);
}

std::vector<TargetView> TargetBoard::Targets() const {
  MutexLock lock(mutex_);
  std::vector<TargetView> views;
  for (const auto& [id, view] : targets_) views.push_back(view);
  return views;
}

}  // namespace tocsin::scrape
