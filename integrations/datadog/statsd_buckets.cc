#include "integrations/datadog/statsd_buckets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::datadog {
namespace {

constexpr int64_t kBucketSeconds = StatsdAggregate::kBucketSeconds;
constexpr int64_t kZeroSeconds = 300;
constexpr size_t kContextBytes = 300;  // besides its texts

int64_t BucketOf(Timestamp now) {
  const int64_t seconds = now.millis() / 1000;
  return seconds - seconds % kBucketSeconds;
}

// Lengths first, so that no two contexts have the same key.
std::string KeyOf(const StatsdMetric& metric, absl::string_view host,
                  const std::vector<absl::string_view>& tags) {
  std::string key = absl::StrCat(static_cast<int>(metric.type), "|", metric.name.size(), "|",
                                 metric.name, host.size(), "|", host);
  for (const absl::string_view tag : tags) absl::StrAppend(&key, tag.size(), "|", tag);
  return key;
}

}  // namespace

StatsdBuckets::Added StatsdBuckets::Add(const StatsdMetric& metric, absl::string_view host,
                                        std::vector<absl::string_view> tags, Timestamp now) {
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  if (bytes_ >= limits_.bytes_max) return Added::kByteLimit;
  const std::string key = KeyOf(metric, host, tags);
  auto found = contexts_.find(key);
  if (found == contexts_.end()) {
    if (contexts_.size() >= limits_.contexts_max) return Added::kContextLimit;
    found = contexts_
                .emplace(key, Context{std::string(metric.name),
                                      std::string(host),
                                      {tags.begin(), tags.end()},
                                      StatsdAggregate(metric.type)})
                .first;
    bytes_ += kContextBytes + 2 * key.size();
  }
  if (bucket_s_ == 0) bucket_s_ = BucketOf(now);
  found->second.last_bucket_s = bucket_s_;
  bytes_ += found->second.aggregate.Add(metric);
  return Added::kTaken;
}

void StatsdBuckets::HandOn(Context& context, const Take& take) {
  for (StatsdAggregate::Result& result : context.aggregate.Close(limits_.histogram_buckets_max)) {
    const std::string name = absl::StrCat(context.name, result.suffix);
    SentSeries series;
    series.identity.metric = name;
    series.identity.host = context.host;
    for (const std::string& tag : context.tags) series.identity.AddTag(tag);
    series.type = result.type;
    series.interval_s = kBucketSeconds;
    series.points.push_back({bucket_s_ * 1000, result.value, std::move(result.histogram)});
    take(series);
  }
}

void StatsdBuckets::Close(Timestamp now, const Take& take) {
  // A clock that was set back closes it, too: it would be open for as long as that.
  if (bucket_s_ == 0 || BucketOf(now) == bucket_s_) return;
  CloseNow(take);
  if (!contexts_.empty()) bucket_s_ = BucketOf(now);
}

void StatsdBuckets::CloseNow(const Take& take) {
  bytes_ = 0;
  absl::erase_if(contexts_, [&](auto& entry) {
    Context& context = entry.second;
    HandOn(context, take);
    const bool goes_on =
        context.aggregate.IsCount() && bucket_s_ - context.last_bucket_s < kZeroSeconds;
    if (goes_on) bytes_ += kContextBytes + 2 * entry.first.size();
    return !goes_on;
  });
  bucket_s_ = 0;
}

}  // namespace tocsin::datadog
