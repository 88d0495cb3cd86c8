#include "engine/query/oldest_samples.h"

#include "base/grow.h"

namespace tocsin::engine {

OldestSamples::Reader OldestSamples::AddReader() {
  if (readers_of_.empty()) {
    readers_of_.emplace_back();
    oldest_ms_.push_back(INT64_MAX);
  }
  readers_.emplace_back();
  return static_cast<Reader>(readers_.size() - 1);
}

void OldestSamples::RemoveReader(Reader reader) {
  for (const uint32_t group : readers_[reader].groups) std::erase(readers_of_[group], reader);
  readers_[reader] = {};
}

bool OldestSamples::Follow(Reader reader, Slot slot) {
  if (slot >= group_of_.size()) {
    ReserveGently(group_of_, slot + size_t{1});
    group_of_.resize(slot + size_t{1}, kNobody);
  }
  const uint32_t group = group_of_[slot];
  const std::vector<Reader>& readers = readers_of_[group];
  if (std::find(readers.begin(), readers.end(), reader) != readers.end()) return false;
  group_of_[slot] = Joined(readers.empty() ? kNobody : group, reader);
  return true;
}

uint32_t OldestSamples::Joined(uint32_t group, Reader reader) {
  const auto [it, added] = joined_.try_emplace({group, reader}, 0);
  if (!added) return it->second;
  const auto joined = it->second = static_cast<uint32_t>(readers_of_.size());
  std::vector<Reader> readers = readers_of_[group];
  readers.push_back(reader);
  for (const Reader each : readers) readers_[each].groups.push_back(joined);
  readers_of_.push_back(std::move(readers));
  oldest_ms_.push_back(INT64_MAX);
  return joined;
}

int64_t OldestSamples::Take(Reader reader) {
  for (const uint32_t group : readers_[reader].groups) {
    const int64_t oldest = std::exchange(oldest_ms_[group], INT64_MAX);
    if (oldest == INT64_MAX) continue;
    for (const Reader each : readers_of_[group]) {
      readers_[each].oldest_ms = std::min(readers_[each].oldest_ms, oldest);
    }
  }
  return std::exchange(readers_[reader].oldest_ms, INT64_MAX);
}

}  // namespace tocsin::engine
