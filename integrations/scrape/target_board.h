#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/timestamp.h"
#include "integrations/scrape/config.h"

namespace tocsin::scrape {

// How it goes with a target, for people.
struct TargetView {
  std::string job;
  std::string address;
  std::string url;
  Labels labels;
  absl::Duration interval;
  absl::Duration timeout;
  std::optional<Timestamp> last_scrape;  // its start; nullopt: none yet
  absl::Duration took;
  std::string error;  // of the last scrape; "": it went well
};

// The targets of a scrape loop as others may look at them. Thread: any.
class TargetBoard {
 public:
  // Adds a target, or says that it is configured otherwise.
  void Set(uint64_t id, const TargetConfig& config);
  void Scraped(uint64_t id, Timestamp start, absl::Duration took, const std::string& error);
  void Remove(uint64_t id);

  std::vector<TargetView> Targets() const;  // in the order they were added

 private:
  mutable Mutex mutex_;
  std::map<uint64_t, TargetView> targets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::scrape
