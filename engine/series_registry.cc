#include "engine/series_registry.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace tocsin::engine {

absl::Status SeriesRegistry::CheckLimits(const Labels& labels) const {
  if (labels.metric_name().empty())
    return absl::InvalidArgumentError("series without a metric name");
  uint64_t count = 0;
  for (const LabelView& label : labels) {
    ++count;
    if (label.name.size() > limits_.label_name_bytes_max) {
      return absl::InvalidArgumentError("label name longer than label_name_bytes_max");
    }
    if (label.value.size() > limits_.label_value_bytes_max) {
      return absl::InvalidArgumentError("label value longer than label_value_bytes_max");
    }
  }
  if (count > limits_.labels_per_series_max) {
    return absl::InvalidArgumentError("more labels than labels_per_series_max");
  }
  return absl::OkStatus();
}

absl::StatusOr<SeriesRef> SeriesRegistry::Resolve(const Labels& labels) {
  const absl::uint128 fingerprint = labels.Fingerprint();
  {
    MutexLock lock(mutex_);
    auto it = by_fingerprint_.find(fingerprint);
    if (it != by_fingerprint_.end()) return it->second;
  }
  TOCSIN_RETURN_IF_ERROR(CheckLimits(labels));
  MutexLock lock(mutex_);
  if (labels_.size() >= limits_.series_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("series_max (", limits_.series_max, ") reached"));
  }
  const auto [it, added] = by_fingerprint_.try_emplace(fingerprint, labels_.size() + 1);
  if (added) {
    labels_.push_back(labels);
    new_.push_back({it->second, labels});
  }
  return it->second;
}

void SeriesRegistry::Restore(SeriesRef ref, Labels labels) {
  MutexLock lock(mutex_);
  TOCSIN_CHECK(ref > labels_.size()) << "series " << ref << " restored out of order";
  labels_.resize(ref - 1);  // a reference whose batch was never committed stays empty and unused
  by_fingerprint_[labels.Fingerprint()] = ref;
  labels_.push_back(std::move(labels));
}

std::vector<storage::NewSeries> SeriesRegistry::TakeNew() {
  MutexLock lock(mutex_);
  return std::exchange(new_, {});
}

void SeriesRegistry::GiveBack(std::vector<storage::NewSeries> series) {
  MutexLock lock(mutex_);
  new_.insert(new_.begin(), std::make_move_iterator(series.begin()),
              std::make_move_iterator(series.end()));
}

Labels SeriesRegistry::Get(SeriesRef ref) const {
  MutexLock lock(mutex_);
  return ref == 0 || ref > labels_.size() ? Labels() : labels_[ref - 1];
}

size_t SeriesRegistry::size() const {
  MutexLock lock(mutex_);
  return by_fingerprint_.size();
}

}  // namespace tocsin::engine
