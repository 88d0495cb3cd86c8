#include "integrations/delivery/storm_watch.h"

#include <algorithm>

#include "absl/time/time.h"

namespace tocsin::delivery {
namespace {

constexpr absl::Duration kSpan = absl::Minutes(1);

}  // namespace

bool StormWatch::Begin(const std::string& rule, const std::string& alias, size_t alerts_max,
                       Timestamp now) {
  ForgetQuiet(now);
  std::deque<Beginning>& last = beginnings_[rule];
  std::erase_if(last, [&](const Beginning& one) { return one.alias == alias; });
  last.push_back({alias, now});
  while (last.size() > alerts_max + 1) last.pop_front();
  // Also after the clock was set back.
  const absl::Duration age = now - last.front().at;
  return last.size() > alerts_max && age < kSpan && age > -kSpan;
}

void StormWatch::ForgetQuiet(Timestamp now) {
  const absl::Duration since = now - swept_;
  if (since >= absl::ZeroDuration() && since < kSpan) return;
  swept_ = now;
  std::erase_if(beginnings_, [&](const auto& rule) { return now - rule.second.back().at > kSpan; });
}

}  // namespace tocsin::delivery
