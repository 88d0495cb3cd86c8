#include "integrations/routing/silences.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/kill_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "integrations/routing/silence_record.h"

namespace tocsin::routing {
namespace {

using storage::Family;

constexpr char kNotFound[] = "silence not found";

bool IsTooOld(const Silence& silence, Timestamp now) {
  return silence.ends_at + kSilenceRetention <= now;
}

// What silences of one state are ordered by.
int64_t OrderWithin(SilenceState state, const Silence& silence) {
  switch (state) {
    case SilenceState::kActive:
      return silence.ends_at.millis();
    case SilenceState::kPending:
      return silence.starts_at.millis();
    case SilenceState::kExpired:
      return -silence.ends_at.millis();
  }
  return 0;
}

}  // namespace

Silences::Silences(storage::Store& store, Random& random, const Limits& limits, Metrics& metrics)
    : store_(store),
      silences_max_(limits.silences_max),
      silence_bytes_max_(limits.silence_bytes_max),
      kept_(metrics.Gauge("tocsin_silences",
                          "Silences that are kept: active, pending, and ended of late.")),
      random_(random) {}

absl::StatusOr<size_t> Silences::Recover() {
  std::vector<SilencePtr> stored;
  size_t damaged = 0;
  absl::Status newer;
  const auto read = [&](absl::string_view key, absl::string_view value) {
    auto silence = DecodeSilence(value);
    newer = absl::IsFailedPrecondition(silence.status()) ? silence.status() : absl::OkStatus();
    if (!newer.ok()) return false;
    if (silence.ok() && silence->id == key) {
      stored.push_back(std::make_shared<const Silence>(*std::move(silence)));
    } else {
      Log(LogLevel::kError, "a silence cannot be read and is not in force",
          {{"id", std::string(key)}, {"error", std::string(silence.status().message())}});
      ++damaged;
    }
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store_.Scan(Family::kSilences, "", "", read));
  TOCSIN_RETURN_IF_ERROR(newer);
  MutexLock lock(mutex_);
  for (const SilencePtr& silence : stored) {
    silences_[silence->id] = silence;
    index_.Add(silence);
  }
  kept_.Set(static_cast<double>(silences_.size()));
  return damaged;
}

absl::StatusOr<std::string> Silences::Set(Silence silence, Timestamp now) {
  absl::StatusOr<Change> change;
  {
    MutexLock lock(mutex_);
    TakeTurn();
    change = PlanSet(silence, now);
    if (!change.ok()) EndTurn();
  }
  TOCSIN_RETURN_IF_ERROR(change.status());
  TOCSIN_RETURN_IF_ERROR(Commit(*change, now));
  return silence.id;
}

absl::Status Silences::Expire(const std::string& id, Timestamp now) {
  absl::StatusOr<Change> change;
  {
    MutexLock lock(mutex_);
    TakeTurn();
    change = PlanExpire(id, now);
    if (!change.ok() || change->put.empty()) EndTurn();
  }
  TOCSIN_RETURN_IF_ERROR(change.status());
  if (change->put.empty()) return absl::OkStatus();
  return Commit(*change, now);
}

absl::StatusOr<Silences::Change> Silences::PlanSet(Silence& silence, Timestamp now) {
  TOCSIN_RETURN_IF_ERROR(ValidateSilence(silence));
  Change change{.removed = TooOld(now)};
  silence.updated_at = now;
  SilencePtr before;
  if (!silence.id.empty()) {
    const auto found = silences_.find(silence.id);
    if (found == silences_.end() || IsTooOld(*found->second, now)) {
      return absl::NotFoundError(kNotFound);
    }
    before = found->second;
  }
  if (before == nullptr || !CanUpdate(*before, silence, now)) {
    const size_t kept = silences_.size() - change.removed.size();
    if (kept >= silences_max_) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "exceeded maximum number of silences: ", kept, " (limit: ", silences_max_, ")"));
    }
    if (before != nullptr && StateOf(*before, now) != SilenceState::kExpired) {
      change.put.push_back(EndedAt(*before, now));
    }
    silence.id = MakeUuid(random_);
    silence.starts_at = std::max(silence.starts_at, now);
  }
  const size_t bytes = EncodeSilence(silence).size();
  if (bytes > silence_bytes_max_) {
    return absl::ResourceExhaustedError(absl::StrCat("silence exceeded maximum size: ", bytes,
                                                     " bytes (limit: ", silence_bytes_max_,
                                                     " bytes)"));
  }
  change.put.push_back(silence);
  return change;
}

absl::StatusOr<Silences::Change> Silences::PlanExpire(const std::string& id, Timestamp now) {
  const auto found = silences_.find(id);
  if (found == silences_.end() || IsTooOld(*found->second, now)) {
    return absl::NotFoundError(kNotFound);
  }
  Change change;
  if (StateOf(*found->second, now) == SilenceState::kExpired) return change;
  change.put.push_back(EndedAt(*found->second, now));
  change.removed = TooOld(now);
  return change;
}

std::vector<std::string> Silences::TooOld(Timestamp now) const {
  std::vector<std::string> ids;
  for (const auto& [id, silence] : silences_) {
    if (IsTooOld(*silence, now)) ids.push_back(id);
  }
  return ids;
}

void Silences::TakeTurn() {
  while (writing_) turn_over_.Wait(mutex_);
  writing_ = true;
}

void Silences::EndTurn() {
  writing_ = false;
  turn_over_.NotifyOne();
}

absl::Status Silences::Commit(const Change& change, Timestamp now) {
  const absl::Status written = WriteToStore(change);
  {
    MutexLock lock(mutex_);
    if (written.ok()) Apply(change, now);
    EndTurn();
  }
  if (written.ok() && listener_) listener_();
  return written;
}

absl::Status Silences::WriteToStore(const Change& change) {
  storage::WriteBatch batch;
  for (const std::string& id : change.removed) batch.Delete(Family::kSilences, id);
  for (const Silence& silence : change.put) {
    batch.Put(Family::kSilences, silence.id, EncodeSilence(silence));
  }
  KillPoint("silences.before_write");
  TOCSIN_RETURN_IF_ERROR(store_.Write(batch, storage::Durability::kSynced));
  KillPoint("silences.after_write");
  return absl::OkStatus();
}

void Silences::Apply(const Change& change, Timestamp now) {
  for (const std::string& id : change.removed) {
    index_.Remove(id);
    silences_.erase(id);
  }
  for (const Silence& silence : change.put) {
    const auto kept = std::make_shared<const Silence>(silence);
    index_.Remove(silence.id);
    index_.Add(kept);
    silences_[silence.id] = kept;
  }
  std::vector<std::string> over;
  index_.ForEach([&](const Silence& silence) {
    if (StateOf(silence, now) == SilenceState::kExpired) over.push_back(silence.id);
  });
  for (const std::string& id : over) index_.Remove(id);
  kept_.Set(static_cast<double>(silences_.size()));
}

std::optional<Silence> Silences::Find(const std::string& id, Timestamp now) const {
  MutexLock lock(mutex_);
  const auto found = silences_.find(id);
  if (found == silences_.end() || IsTooOld(*found->second, now)) return std::nullopt;
  return *found->second;
}

std::vector<Silence> Silences::All(Timestamp now) const {
  std::vector<Silence> all;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, silence] : silences_) {
      if (!IsTooOld(*silence, now)) all.push_back(*silence);
    }
  }
  const auto order = [now](const Silence& silence) {
    const SilenceState state = StateOf(silence, now);
    return std::tuple(state, OrderWithin(state, silence));
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Silence& a, const Silence& b) { return order(a) < order(b); });
  return all;
}

std::vector<std::string> Silences::SilencedBy(const Labels& labels, Timestamp now) const {
  std::vector<std::string> ids;
  {
    MutexLock lock(mutex_);
    index_.ForEachMatch(labels, [&](const Silence& silence) {
      if (StateOf(silence, now) == SilenceState::kActive) ids.push_back(silence.id);
    });
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<Timestamp> Silences::NextChange(Timestamp now) const {
  MutexLock lock(mutex_);
  return index_.NextChange(now);
}

}  // namespace tocsin::routing
