#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/datadog/sent.h"
#include "integrations/datadog/statsd_aggregate.h"
#include "integrations/datadog/statsd_message.h"

namespace tocsin::datadog {

struct StatsdLimits {
  size_t contexts_max = 100'000;  // names with their tags at once
  size_t bytes_max = 64 << 20;    // of all that was received in one bucket, about
  size_t histogram_buckets_max = 2048;
};

// DogStatsD's messages of the bucket of 10 s that is under way, by name, type, host and set of
// tags. Buckets go by the time of arrival and begin at full multiples of 10 s; a point is dated at
// the begin of its bucket, as the Agent's are.
//
// A count goes on with 0 for 300 s after its last message, so that a sum over it is there, and is
// 0.
//
// Thread: one.
class StatsdBuckets {
 public:
  explicit StatsdBuckets(StatsdLimits limits) : limits_(limits) {}

  enum class Added { kTaken, kContextLimit, kByteLimit };
  // A metric without a time of its own. `host` and `tags` instead of the metric's own; tags in any
  // order.
  Added Add(const StatsdMetric& metric, absl::string_view host, std::vector<absl::string_view> tags,
            Timestamp now);

  // Hands on the series of the bucket under way if it ended at `now` or before.
  using Take = std::function<void(SentSeries&)>;
  void Close(Timestamp now, const Take& take);
  // The same, although the bucket has not ended: at the end of the service.
  void CloseNow(const Take& take);

  size_t contexts() const { return contexts_.size(); }

 private:
  struct Context {
    std::string name;
    std::string host;
    std::vector<std::string> tags;
    StatsdAggregate aggregate;
    int64_t last_bucket_s = 0;  // the begin of that of the newest message
  };

  void HandOn(Context& context, const Take& take);

  const StatsdLimits limits_;
  absl::flat_hash_map<std::string, Context> contexts_;
  size_t bytes_ = 0;
  int64_t bucket_s_ = 0;  // begin of the bucket under way, in seconds; 0: none
};

}  // namespace tocsin::datadog
