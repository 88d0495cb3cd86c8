#include "tests/opsgenie_sim/sim_rate_limit.h"

#include <algorithm>

namespace tocsin::sim {

void SimRateLimit::Fill(const Limit& limit, Bucket& bucket, Timestamp now) {
  const double rate_per_ms = limit.tokens_max / (limit.period_seconds * 1000.0);
  const double passed_ms = static_cast<double>(now.millis() - bucket.filled_at.millis());
  bucket.tokens =
      std::min<double>(limit.tokens_max, bucket.tokens + rate_per_ms * std::max(0.0, passed_ms));
  bucket.filled_at = now;
}

std::optional<int> SimRateLimit::Refuse(const std::string& domain, Timestamp now) {
  const auto [it, fresh] = buckets_.try_emplace(domain);
  auto& [second, minute] = it->second;
  if (fresh) {
    second = {static_cast<double>(second_.tokens_max), now};
    minute = {static_cast<double>(minute_.tokens_max), now};
  }
  Fill(second_, second, now);
  Fill(minute_, minute, now);
  if (minute_.tokens_max > 0 && minute.tokens < 1) return minute_.period_seconds;
  if (second_.tokens_max > 0 && second.tokens < 1) return second_.period_seconds;
  second.tokens -= 1;
  minute.tokens -= 1;
  return std::nullopt;
}

}  // namespace tocsin::sim
