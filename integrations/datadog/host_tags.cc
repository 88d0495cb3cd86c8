#include "integrations/datadog/host_tags.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/datadog/names.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::datadog {
namespace {

using state::v1::DatadogHostRecord;
using storage::Family;

// How exactly a record remembers when the host was seen: one write in that time if nothing changes.
constexpr absl::Duration kSeenEvery = absl::Hours(1);

std::vector<std::string> Normal(const std::vector<std::string>& sent, size_t tags_max) {
  std::vector<std::string> tags;
  for (const std::string& tag : sent) {
    std::string normal = NormalTag(tag);
    if (!normal.empty()) tags.push_back(std::move(normal));
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  if (tags.size() > tags_max) tags.resize(tags_max);
  return tags;
}

std::string Encode(const std::vector<std::string>& tags, Timestamp seen) {
  DatadogHostRecord record;
  for (const std::string& tag : tags) record.add_tags(tag);
  record.set_seen_ms(seen.millis());
  return storage::EncodeMessage(record);
}

}  // namespace

HostTags::HostTags(storage::Store& store, Metrics& metrics, HostTagLimits limits)
    : store_(store),
      limits_(limits),
      hosts_gauge_(
          metrics.Gauge("tocsin_datadog_hosts", "Hosts whose tags a Datadog Agent sent.")) {}

absl::StatusOr<size_t> HostTags::Recover() {
  size_t damaged = 0;
  const std::string prefix = storage::kMetaDatadogHostPrefix;
  const auto read = [&](absl::string_view key, absl::string_view value) {
    DatadogHostRecord record;
    if (!storage::DecodeMessage(value, record).ok()) {
      ++damaged;
      return true;
    }
    Apply(key.substr(prefix.size()), {record.tags().begin(), record.tags().end()},
          Timestamp::FromMillis(record.seen_ms()));
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kMeta, prefix, storage::PrefixEnd(prefix), read));
  return damaged;
}

HostTagSetPtr HostTags::Find(absl::string_view host) const {
  MutexLock lock(mutex_);
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : found->second.tags;
}

size_t HostTags::size() const {
  MutexLock lock(mutex_);
  return hosts_.size();
}

absl::StatusOr<bool> HostTags::Update(absl::string_view host, const std::vector<std::string>& sent,
                                      Timestamp now) {
  std::vector<std::string> tags = Normal(sent, limits_.tags_per_host_max);
  const HostTagSetPtr before = Find(host);
  TOCSIN_ASSIGN_OR_RETURN(const bool news, IsNews(host, tags, now));
  if (news) {
    storage::WriteBatch batch;
    batch.Put(Family::kMeta, storage::DatadogHostKey(host), Encode(tags, now));
    // What a crash of the machine takes back an Agent sends again.
    TOCSIN_RETURN_IF_ERROR(store_.Write(batch, storage::Durability::kBuffered));
    Apply(host, tags, now);
  }
  TOCSIN_RETURN_IF_ERROR(ForgetSilent(now));
  return before == nullptr ? !tags.empty() : before->tags != tags;
}

// Whether the store has to learn of it.
absl::StatusOr<bool> HostTags::IsNews(absl::string_view host, const std::vector<std::string>& tags,
                                      Timestamp now) {
  MutexLock lock(mutex_);
  const auto found = hosts_.find(host);
  if (found != hosts_.end()) {
    return found->second.tags->tags != tags || now - found->second.seen >= kSeenEvery;
  }
  if (hosts_.size() < limits_.hosts_max) return true;
  return absl::ResourceExhaustedError(
      absl::StrCat("tags of more than ", limits_.hosts_max, " hosts"));
}

void HostTags::Apply(absl::string_view host, std::vector<std::string> tags, Timestamp now) {
  MutexLock lock(mutex_);
  Host& kept = hosts_[host];
  kept.seen = now;
  if (kept.tags == nullptr || kept.tags->tags != tags) {
    kept.tags = std::make_shared<HostTagSet>(HostTagSet{++last_version_, std::move(tags)});
  }
  hosts_gauge_.Set(static_cast<double>(hosts_.size()));
}

absl::Status HostTags::ForgetSilent(Timestamp now) {
  storage::WriteBatch batch;
  {
    MutexLock lock(mutex_);
    if (now - swept_ < kSeenEvery) return absl::OkStatus();
    swept_ = now;
    absl::erase_if(hosts_, [&](const auto& host) {
      const bool silent = now - host.second.seen >= limits_.forgotten_after;
      if (silent) batch.Delete(Family::kMeta, storage::DatadogHostKey(host.first));
      return silent;
    });
    hosts_gauge_.Set(static_cast<double>(hosts_.size()));
  }
  return batch.empty() ? absl::OkStatus() : store_.Write(batch, storage::Durability::kBuffered);
}

}  // namespace tocsin::datadog
