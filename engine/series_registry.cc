#include "engine/series_registry.h"

#include <algorithm>

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

// More senders than this share one count: whoever forges addresses must not fill the memory.
constexpr size_t kSendersMax = 10'000;
constexpr char kOtherSenders[] = "others";

absl::Status SeriesRegistry::CountNew(absl::string_view sender) {
  if (labels_.size() >= std::min<uint64_t>(limits_.series_max, UINT32_MAX)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("series_max (", limits_.series_max, ") reached"));
  }
  if (sender.empty()) return absl::OkStatus();
  const bool counted = brought_.size() < kSendersMax || brought_.contains(sender);
  uint64_t& brought = brought_[counted ? sender : kOtherSenders];
  if (brought >= limits_.series_per_sender_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "series_per_sender_max (", limits_.series_per_sender_max, ") reached by ", sender));
  }
  ++brought;
  return absl::OkStatus();
}

absl::StatusOr<SeriesRef> SeriesRegistry::Resolve(const Labels& labels, absl::string_view sender) {
  {
    MutexLock lock(mutex_);
    if (const auto known = refs_.Find(labels)) return *known;
  }
  TOCSIN_RETURN_IF_ERROR(CheckLimits(labels));
  MutexLock lock(mutex_);
  if (const auto known = refs_.Find(labels)) return *known;  // meanwhile
  TOCSIN_RETURN_IF_ERROR(CountNew(sender));
  labels_.push_back(labels);
  const auto ref = static_cast<uint32_t>(labels_.size());
  refs_.Insert(labels, ref);
  new_.push_back({ref, labels});
  return ref;
}

void SeriesRegistry::Restore(SeriesRef ref, Labels labels) {
  MutexLock lock(mutex_);
  TOCSIN_CHECK(ref > labels_.size()) << "series " << ref << " restored out of order";
  labels_.resize(ref - 1);  // a reference whose batch was never committed stays empty and unused
  labels_.push_back(std::move(labels));
  const Labels& kept = labels_.back();
  refs_.Erase(kept);  // of two references to the same labels the later counts
  refs_.Insert(kept, static_cast<uint32_t>(ref));
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
  return refs_.size();
}

}  // namespace tocsin::engine
