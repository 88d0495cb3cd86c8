#include "integrations/datadog/series_resolver.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_cat.h"
#include "integrations/datadog/names.h"
#include "integrations/ingest/utf8.h"

namespace tocsin::datadog {
namespace {

using ingest::RejectReason;

void AppendPart(std::string& key, absl::string_view part) {
  const uint64_t size = part.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  key.append(part.data(), part.size());
}

void AppendParts(std::string& key, const std::vector<NameAndValue>& parts) {
  const uint64_t size = parts.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  for (const auto& [name, value] : parts) {
    AppendPart(key, name);
    AppendPart(key, value);
  }
}

// Of all bytes that name the series, and of which tags its host has.
absl::uint128 KeyOf(const SentIdentity& identity, uint64_t host_tags_version) {
  std::string key(reinterpret_cast<const char*>(&host_tags_version), sizeof(host_tags_version));
  AppendPart(key, identity.metric);
  AppendPart(key, identity.host);
  AppendParts(key, identity.keyed);
  AppendParts(key, identity.own);
  for (const absl::string_view tag : identity.tags) AppendPart(key, tag);
  return Fingerprint128(key);
}

bool AreUtf8(const std::vector<NameAndValue>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const NameAndValue& part) {
    return ingest::IsUtf8(part.first) && ingest::IsUtf8(part.second);
  });
}

bool IsUtf8(const SentIdentity& identity) {
  return ingest::IsUtf8(identity.metric) && ingest::IsUtf8(identity.host) &&
         AreUtf8(identity.keyed) && AreUtf8(identity.own) &&
         std::all_of(identity.tags.begin(), identity.tags.end(), ingest::IsUtf8);
}

}  // namespace

SeriesResolver::SeriesResolver(const Limits& limits, engine::SampleSink& sink,
                               const HostTags& hosts, Metrics& metrics)
    : refs_max_(limits.series_max),
      sink_(sink),
      hosts_(hosts),
      without_host_tags_(
          metrics.Counter("tocsin_datadog_series_without_host_tags_total",
                          "Series seen first while the tags of their host were not known.")),
      cache_(limits.series_max) {}

absl::StatusOr<SeriesRef> SeriesResolver::Resolve(const SentIdentity& identity,
                                                  absl::string_view sender, uint64_t samples,
                                                  ingest::RejectTally& rejected) {
  const std::string host = NormalTag(identity.host);
  const HostTagSetPtr tags = host.empty() ? nullptr : hosts_.Find(host);
  const absl::uint128 key = KeyOf(identity, tags == nullptr ? 0 : tags->version);
  if (identity.too_many_tags) {
    rejected.Add(RejectReason::kLabelLimit, samples,
                 absl::StrCat("more than ", kSentTagsMax, " tags"));
    return 0;
  }
  SeriesRef ref = 0;
  cache_.Find(std::span(&key, 1), std::span(&ref, 1));
  if (ref != 0) return ref;
  absl::StatusOr<SeriesRef> made = NewSeries(identity, host, tags.get(), sender, samples, rejected);
  if (made.ok() && *made != 0) cache_.Insert(key, *made);
  return made;
}

absl::StatusOr<SeriesRef> SeriesResolver::NewSeries(const SentIdentity& identity,
                                                    const std::string& host, const HostTagSet* tags,
                                                    absl::string_view sender, uint64_t samples,
                                                    ingest::RejectTally& rejected) {
  if (!IsUtf8(identity)) {
    rejected.Add(RejectReason::kInvalidUtf8, samples, "name or tags of a metric");
    return 0;
  }
  const auto name = MetricNameFromDatadog(identity.metric);
  if (!name.ok()) {
    rejected.Add(RejectReason::kInvalidName, samples, name.status().message());
    return 0;
  }
  LabelMaker maker;
  maker.SetOwn(kMetricName, *name);
  maker.SetOwn("host", host);
  for (const auto& [label, value] : identity.own) maker.SetOwn(label, value);
  for (const absl::string_view tag : identity.tags) maker.AddTag(tag);
  for (const auto& [tag, value] : identity.keyed) maker.AddTag(tag, value);
  if (tags != nullptr) {
    for (const std::string& tag : tags->tags) maker.AddTag(tag);
  } else if (!host.empty()) {
    without_host_tags_.Increment();
  }
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender, maker.Build());
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    rejected.Add(ingest::ReasonOfResolve(ref.status()), samples, ref.status().message());
    return 0;
  }
  if (ref.ok() && !host.empty()) Remember(host, *ref);
  return ref;
}

void SeriesResolver::Remember(const std::string& host, SeriesRef ref) {
  MutexLock lock(mutex_);
  if (refs_ < refs_max_ && series_of_host_[host].current.insert(ref).second) ++refs_;
}

void SeriesResolver::MarkOutdated(absl::string_view host) {
  MutexLock lock(mutex_);
  const auto found = series_of_host_.find(host);
  if (found == series_of_host_.end()) return;
  auto& [current, outdated] = found->second;
  for (const SeriesRef ref : current) refs_ -= outdated.insert(ref).second ? 0 : 1;
  current.clear();
}

std::vector<SeriesRef> SeriesResolver::TakeOutdated(absl::string_view host) {
  MutexLock lock(mutex_);
  const auto found = series_of_host_.find(host);
  if (found == series_of_host_.end()) return {};
  auto& [current, outdated] = found->second;
  std::vector<SeriesRef> refs;
  for (const SeriesRef ref : outdated) {
    if (!current.contains(ref)) refs.push_back(ref);  // the labels before came back meanwhile
  }
  refs_ -= outdated.size();
  outdated.clear();
  if (current.empty()) series_of_host_.erase(found);
  std::sort(refs.begin(), refs.end());
  return refs;
}

void SeriesResolver::ReturnOutdated(absl::string_view host, const std::vector<SeriesRef>& refs) {
  MutexLock lock(mutex_);
  HostSeries& series = series_of_host_[host];
  for (const SeriesRef ref : refs) refs_ += series.outdated.insert(ref).second ? 1 : 0;
}

}  // namespace tocsin::datadog
