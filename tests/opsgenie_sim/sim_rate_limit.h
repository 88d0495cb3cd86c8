#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/timestamp.h"

namespace tocsin::sim {

// Two token buckets, per second and per minute, for each (account, domain). A limit of 0 is no
// limit.
class SimRateLimit {
 public:
  SimRateLimit(int per_second, int per_minute) : second_{per_second, 1}, minute_{per_minute, 60} {}

  // Takes a token of both, or names the period in seconds of the bucket that is empty.
  std::optional<int> Refuse(const std::string& domain, Timestamp now);

 private:
  struct Limit {
    int tokens_max;
    int period_seconds;
  };
  struct Bucket {
    double tokens = 0;
    Timestamp filled_at;
  };
  static void Fill(const Limit& limit, Bucket& bucket, Timestamp now);

  const Limit second_;
  const Limit minute_;
  std::map<std::string, std::pair<Bucket, Bucket>> buckets_;
};

}  // namespace tocsin::sim
