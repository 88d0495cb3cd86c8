#include "storage/sample_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/log_record.h"
#include "storage/store_sample_log.h"

namespace tocsin::storage {
namespace {

absl::Status AtOffset(uint64_t offset, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("log record at offset ", offset, ": ", status.message()));
}

}  // namespace

absl::Status MissingRecord(uint64_t offset) {
  return absl::DataLossError(absl::StrCat("log record at offset ", offset, ": missing"));
}

absl::StatusOr<bool> StoreSampleLog::AnyFrom(uint64_t offset) const {
  bool any = false;
  TOCSIN_RETURN_IF_ERROR(
      store_.Scan(Family::kLog, LogKey(offset), "", [&](absl::string_view, absl::string_view) {
        any = true;
        return false;
      }));
  return any;
}

// The first offset from `start` on that no record has reached.
absl::StatusOr<uint64_t> StoreSampleLog::FindEnd(uint64_t start) const {
  uint64_t low = start;  // everything before it is in the log
  uint64_t step = 1;
  while (true) {
    TOCSIN_ASSIGN_OR_RETURN(const bool any, AnyFrom(low + step - 1));
    if (!any) break;
    low += step;
    step *= 2;
  }
  uint64_t high = low + step - 1;  // nothing from here on
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    TOCSIN_ASSIGN_OR_RETURN(const bool any, AnyFrom(middle));
    if (any) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

absl::Status StoreSampleLog::Recover(bool read_only) {
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                          store_.Get(Family::kMeta, kMetaLogStart));
  if (stored) {
    TOCSIN_ASSIGN_OR_RETURN(start_, DecodeNumber(*stored));
    cut_ = start_.load();
  }
  KillPoint("log_open.before_blocks");
  TOCSIN_RETURN_IF_ERROR(index_.Recover(store_));
  if (!read_only) TOCSIN_RETURN_IF_ERROR(RemoveUnfinishedBlock());
  KillPoint("log_open.after_blocks");
  TOCSIN_ASSIGN_OR_RETURN(next_, FindEnd(start_));
  if (next_ == start_) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const auto committed, CommitTime(next_ - 1));
  if (!committed) return MissingRecord(next_ - 1);
  last_committed_ = *committed;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> StoreSampleLog::Append(const SampleBatch& samples,
                                                const std::vector<NewSeries>& new_series,
                                                Timestamp committed) {
  committed = std::max(committed, last_committed_);
  const uint64_t offset = next_;
  WriteBatch batch;
  for (const NewSeries& series : new_series) {
    batch.Put(Family::kSeries, SeriesKey(series.ref), EncodeLabels(series.labels));
  }
  std::string record = EncodeLogRecord(samples, committed);
  const size_t bytes = record.size();
  batch.Put(Family::kLog, LogKey(offset), std::move(record));
  KillPoint("log_append.before_write");
  TOCSIN_RETURN_IF_ERROR(store_.Write(batch, Durability::kSynced));
  KillPoint("log_append.after_write");
  record_bytes_ += bytes;
  last_committed_ = committed;
  next_ = offset + 1;
  return offset;
}

absl::Status StoreSampleLog::ReadFrom(uint64_t offset,
                                      const std::function<bool(const LogRecord&)>& fn) const {
  const uint64_t end = next_;
  uint64_t expected = std::max<uint64_t>(offset, start_);
  bool first = true;
  bool stopped = false;
  absl::Status status;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    const std::optional<uint64_t> at = ParseLogKey(key);
    const bool cut_meanwhile = first && at && *at > expected && *at <= cut_;
    if (!at || (*at != expected && !cut_meanwhile)) {
      status = MissingRecord(expected);
      return false;
    }
    auto decoded = DecodeLogRecord(value);
    if (!decoded.ok()) {
      status = AtOffset(*at, decoded.status());
      return false;
    }
    first = false;
    expected = *at + 1;
    stopped = !fn({*at, decoded->committed, std::move(decoded->samples)});
    return !stopped;
  };
  TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kLog, LogKey(expected), LogKey(end), visit));
  TOCSIN_RETURN_IF_ERROR(status);
  if (!stopped && expected < end && expected >= cut_) return MissingRecord(expected);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Timestamp>> StoreSampleLog::CommitTime(uint64_t offset) const {
  const auto value = store_.Get(Family::kLog, LogKey(offset));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return std::optional<Timestamp>();
  const auto committed = DecodeCommitTime(**value);
  if (!committed.ok()) return AtOffset(offset, committed.status());
  return std::optional<Timestamp>(*committed);
}

absl::StatusOr<bool> StoreSampleLog::CommittedBefore(uint64_t offset, Timestamp time) const {
  TOCSIN_ASSIGN_OR_RETURN(const auto committed, CommitTime(offset));
  if (committed) return *committed < time;
  if (offset < cut_) return true;
  return MissingRecord(offset);
}

absl::StatusOr<uint64_t> StoreSampleLog::SeekToTime(Timestamp time) const {
  uint64_t low = start_;
  uint64_t high = next_;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    TOCSIN_ASSIGN_OR_RETURN(const bool before, CommittedBefore(middle, time));
    if (before) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

absl::Status StoreSampleLog::ReadSeries(const std::function<void(SeriesRef, Labels)>& fn) const {
  absl::Status status;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    const std::optional<SeriesRef> ref = ParseSeriesKey(key);
    if (!ref) {
      status = absl::DataLossError("family series: a key is not a reference");
      return false;
    }
    auto labels = DecodeLabels(value);
    if (!labels.ok()) {
      status = absl::Status(labels.status().code(),
                            absl::StrCat("series ", *ref, ": ", labels.status().message()));
      return false;
    }
    fn(*ref, *std::move(labels));
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kSeries, "", "", visit));
  return status;
}

absl::StatusOr<std::optional<Timestamp>> StoreSampleLog::FirstCommitted() const {
  if (start_ == next_) return std::optional<Timestamp>();
  return CommitTime(start_);
}

absl::StatusOr<std::unique_ptr<SampleLog>> OpenSampleLog(Store& store) {
  auto log = std::make_unique<StoreSampleLog>(store);
  TOCSIN_RETURN_IF_ERROR(log->Recover(/*read_only=*/false));
  return log;
}

absl::StatusOr<std::unique_ptr<SampleLog>> OpenSampleLogToRead(Store& store) {
  auto log = std::make_unique<StoreSampleLog>(store);
  TOCSIN_RETURN_IF_ERROR(log->Recover(/*read_only=*/true));
  return log;
}

}  // namespace tocsin::storage
