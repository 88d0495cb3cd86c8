#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/histogram/text.h"
#include "base/mutex.h"
#include "engine/sample_sink.h"

namespace tocsin::ingest {

// The engine as ingest sees it: keeps what it is given, answers at once, or when told, or refuses.
class FakeSink : public engine::SampleSink {
 public:
  // A label value that makes Resolve() refuse the series.
  static constexpr char kTooLong[] = "too long";
  static constexpr char kOneTooMany[] = "one too many";

  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    for (const LabelView& label : labels) {
      if (label.value == kTooLong) return absl::InvalidArgumentError("label value too long");
      if (label.value == kOneTooMany) return absl::ResourceExhaustedError("series_max reached");
    }
    MutexLock lock(mutex_);
    ++resolved_;
    changed_.NotifyAll();
    while (holding_resolve_) changed_.Wait(mutex_);
    const auto [found, added] =
        refs_.try_emplace(std::string(labels.canonical()), names_.size() + 1);
    if (added) names_.push_back(labels.ToString());
    return found->second;
  }

  void Submit(SampleBatch batch, Done done) override {
    absl::Status answer;
    {
      MutexLock lock(mutex_);
      answer = answer_;
      if (answer.ok()) batches_.push_back(std::move(batch));
      if (holding_) {
        held_.push_back(std::move(done));
        changed_.NotifyAll();
        return;
      }
    }
    done(answer);
  }

  void AnswerWith(absl::Status answer) {
    MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  // From now on Submit() keeps `done` until Release().
  void Hold() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void AwaitHeld(size_t count) {
    MutexLock lock(mutex_);
    while (held_.size() < count) changed_.Wait(mutex_);
  }
  size_t held() const {
    MutexLock lock(mutex_);
    return held_.size();
  }
  // Answers what is held, the newest first: commits may end in any order.
  void Release() {
    std::vector<Done> held;
    {
      MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    std::reverse(held.begin(), held.end());
    for (const Done& done : held) done(absl::OkStatus());
  }

  // From now on Resolve() waits until ReleaseResolve(): a request that is long being decoded.
  void HoldResolve() {
    MutexLock lock(mutex_);
    holding_resolve_ = true;
  }
  void AwaitResolved(size_t count) {
    MutexLock lock(mutex_);
    while (resolved_ < count) changed_.Wait(mutex_);
  }
  void ReleaseResolve() {
    MutexLock lock(mutex_);
    holding_resolve_ = false;
    changed_.NotifyAll();
  }

  size_t resolved() const {
    MutexLock lock(mutex_);
    return resolved_;
  }
  // "name{labels} value @time_ms" of every sample taken, in order; histograms in the notation of
  // test scripts.
  std::vector<std::string> Lines() const {
    MutexLock lock(mutex_);
    std::vector<std::string> lines;
    for (const SampleBatch& batch : batches_) AppendLines(batch, lines);
    return lines;
  }
  std::vector<std::string> LinesOf(const SampleBatch& batch) const {
    MutexLock lock(mutex_);
    std::vector<std::string> lines;
    AppendLines(batch, lines);
    return lines;
  }

 private:
  void AppendLines(const SampleBatch& batch, std::vector<std::string>& lines) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (size_t i = 0; i < batch.size(); ++i) {
      const NativeHistogram* histogram = batch.histogram(i);
      const std::string value = histogram != nullptr             ? HistogramNotation(*histogram)
                                : IsStaleMarker(batch.values[i]) ? "stale"
                                                                 : absl::StrCat(batch.values[i]);
      lines.push_back(absl::StrCat(names_[batch.refs[i] - 1], " ", value, " @", batch.times_ms[i]));
    }
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, SeriesRef> refs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
  std::vector<SampleBatch> batches_ ABSL_GUARDED_BY(mutex_);
  std::vector<Done> held_ ABSL_GUARDED_BY(mutex_);
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);
  bool holding_resolve_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  size_t resolved_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::ingest
