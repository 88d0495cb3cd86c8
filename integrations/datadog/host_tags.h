#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/timestamp.h"
#include "storage/store.h"

namespace tocsin::datadog {

// The tags of one host. Immutable.
struct HostTagSet {
  uint64_t version = 0;           // another one after each change; never 0
  std::vector<std::string> tags;  // NormalTag(), ascending, unique
};
using HostTagSetPtr = std::shared_ptr<const HostTagSet>;

struct HostTagLimits {
  size_t hosts_max = 100'000;
  size_t tags_per_host_max = 256;  // the others are left out
  absl::Duration forgotten_after =
      absl::Hours(48);  // not seen for so long; an Agent sends every 30 min
};

// Host -> tags, as Agents send them beside their series and Datadog joins them by host. Also in the
// family `meta`, so that a restart changes no series before Agents send them again.
//
// Metrics: tocsin_datadog_hosts.
//
// Thread: any. No lock is held while the store writes; of two updates of one host at once either
// may be the one that stays. Borrows store and metrics.
class HostTags {
 public:
  HostTags(storage::Store& store, Metrics& metrics, HostTagLimits limits = {});

  // Reads all from the store. Call once, before anything else. Returns how many records did not
  // decode; they stay where they are. Errors: the store's.
  absl::StatusOr<size_t> Recover();

  // Null: no Agent told them. `host` as NormalTag() makes it.
  HostTagSetPtr Find(absl::string_view host) const;

  // These are the tags of `host` from now on; whether they differ from what was known. Tags as
  // sent, in any order. Errors: ResourceExhausted (hosts_max), the store's; nothing has changed
  // then.
  absl::StatusOr<bool> Update(absl::string_view host, const std::vector<std::string>& tags,
                              Timestamp now);

  size_t size() const;

 private:
  struct Host {
    HostTagSetPtr tags;
    Timestamp seen;  // as it is in the store
  };

  absl::Status ForgetSilent(Timestamp now);
  absl::StatusOr<bool> IsNews(absl::string_view host, const std::vector<std::string>& tags,
                              Timestamp now);
  void Apply(absl::string_view host, std::vector<std::string> tags, Timestamp now);

  // Constant after construction.
  storage::Store& store_;
  const HostTagLimits limits_;
  prometheus::Gauge& hosts_gauge_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Host> hosts_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_version_ ABSL_GUARDED_BY(mutex_) = 0;
  Timestamp swept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::datadog
