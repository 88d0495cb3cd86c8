#include "integrations/ingest/resource_watch.h"

#include <algorithm>

namespace tocsin::ingest {
namespace {

// Several requests of one resource within that time need one sample.
constexpr int64_t kSampleIntervalMsMin = 10'000;

}  // namespace

bool ResourceWatch::Seen(SeriesRef series, Timestamp now) {
  const int64_t now_ms = now.millis();
  MutexLock lock(mutex_);
  auto found = resources_.find(series);
  const bool is_new = found == resources_.end();
  if (is_new) {
    if (resources_.size() >= options_.resources_max) {
      ++refused_;
      return false;
    }
    found = resources_.try_emplace(series).first;
  }
  Resource& resource = found->second;
  resource.seen_ms = std::max(resource.seen_ms, now_ms);
  const bool changed = is_new || !resource.up;
  resource.up = true;
  if (!changed && now_ms - resource.written_ms < kSampleIntervalMsMin) return false;
  resource.written_ms = now_ms;
  return true;
}

void ResourceWatch::Recover(SeriesRef series, bool up, Timestamp now) {
  MutexLock lock(mutex_);
  if (resources_.size() >= options_.resources_max) return;
  resources_.try_emplace(
      series,
      Resource{.seen_ms = now.millis(), .written_ms = now.millis() - kRewriteIntervalMs, .up = up});
}

SampleBatch ResourceWatch::Step(Timestamp now) {
  const int64_t now_ms = now.millis();
  const int64_t down_ms = absl::ToInt64Milliseconds(options_.timeout);
  const int64_t gone_ms = absl::ToInt64Milliseconds(options_.forget_after);
  SampleBatch due;
  MutexLock lock(mutex_);
  for (auto it = resources_.begin(); it != resources_.end();) {
    const SeriesRef series = it->first;
    Resource& resource = it->second;
    const int64_t silent_ms = now_ms - resource.seen_ms;
    if (silent_ms >= gone_ms) {
      due.Add(series, now_ms, StaleMarker());
      resources_.erase(it++);
      continue;
    }
    ++it;
    const bool falls = resource.up && silent_ms >= down_ms;
    resource.up = resource.up && !falls;
    if (!falls && now_ms - resource.written_ms < kRewriteIntervalMs) continue;
    resource.written_ms = now_ms;
    due.Add(series, now_ms, resource.up ? 1 : 0);
  }
  return due;
}

size_t ResourceWatch::resources() const {
  MutexLock lock(mutex_);
  return resources_.size();
}

uint64_t ResourceWatch::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

}  // namespace tocsin::ingest
