#include "storage/delivery_journal.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::storage {
namespace {

using state::v1::DeliveryRecord;

struct Stored {
  std::string key;
  DeliveryRecord record;
};

absl::StatusOr<std::vector<Stored>> Read(const Store& store, absl::string_view alias) {
  std::vector<Stored> all;
  absl::Status status;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    Stored stored{std::string(key.data(), key.size()), {}};
    status = DecodeMessage(value, stored.record);
    all.push_back(std::move(stored));
    return status.ok();
  };
  const std::string prefix = DeliveryPrefix(alias);
  TOCSIN_RETURN_IF_ERROR(store.Scan(Family::kHistory, prefix, PrefixEnd(prefix), visit));
  TOCSIN_RETURN_IF_ERROR(status);
  return all;
}

bool Same(const DeliveryRecord& a, const DeliveryRecord& b) {
  return a.receiver() == b.receiver() && a.target() == b.target() && a.action() == b.action() &&
         a.outcome() == b.outcome() && a.error() == b.error() && a.episode() == b.episode() &&
         a.by() == b.by() && a.note() == b.note();
}

// Appends `note`, or counts it to the last record if nothing but the time is new.
void Append(const DeliveryRecord& note, std::vector<Stored>& records, WriteBatch& batch) {
  if (!records.empty() && Same(records.back().record, note)) {
    Stored& last = records.back();
    last.record.set_attempts(last.record.attempts() + note.attempts());
    last.record.set_last_ms(note.last_ms());
    batch.Put(Family::kHistory, last.key, EncodeMessage(last.record));
    return;
  }
  // Behind the last one, also if the clock was set back or both are of one millisecond.
  int64_t key_ms = note.first_ms();
  uint64_t sequence = 0;
  if (!records.empty() && records.back().record.first_ms() >= key_ms) {
    key_ms = records.back().record.first_ms();
    sequence = ParseHistorySequence(records.back().key).value_or(0) + 1;
  }
  DeliveryRecord record = note;
  record.set_first_ms(key_ms);
  record.set_last_ms(std::max(key_ms, note.last_ms()));
  std::string key = DeliveryKey(note.alias(), Timestamp::FromMillis(key_ms), sequence);
  batch.Put(Family::kHistory, key, EncodeMessage(record));
  records.push_back({std::move(key), std::move(record)});
}

}  // namespace

void DeliveryJournal::Note(Attempt attempt) {
  DeliveryRecord record;
  record.set_alias(std::move(attempt.alias));
  record.set_receiver(std::move(attempt.receiver));
  record.set_target(attempt.target);
  record.set_action(std::move(attempt.action));
  record.set_outcome(std::move(attempt.outcome));
  record.set_error(std::move(attempt.error));
  record.set_episode(attempt.episode);
  record.set_by(std::move(attempt.by));
  record.set_note(std::move(attempt.note));
  record.set_first_ms(clock_.Now().millis());
  record.set_last_ms(record.first_ms());
  record.set_attempts(1);
  MutexLock lock(mutex_);
  if (waiting_.size() >= kWaitingMax) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(record));
}

// Takes the notes of one alias together: `next` is the first one, and moves behind the last.
absl::Status DeliveryJournal::AddToBatch(const Records& notes, size_t& next,
                                         WriteBatch& batch) const {
  const std::string& alias = notes[next].alias();
  TOCSIN_ASSIGN_OR_RETURN(std::vector<Stored> records, Read(store_, alias));
  for (; next < notes.size() && notes[next].alias() == alias; ++next) {
    Append(notes[next], records, batch);
  }
  for (size_t i = 0; i + kPerAliasMax < records.size(); ++i) {
    batch.Delete(Family::kHistory, records[i].key);
  }
  return absl::OkStatus();
}

absl::Status DeliveryJournal::Flush() {
  MutexLock flushing(flushing_);
  Records notes;
  {
    MutexLock lock(mutex_);
    notes.swap(waiting_);
  }
  if (notes.empty()) return absl::OkStatus();
  std::stable_sort(notes.begin(), notes.end(),
                   [](const auto& a, const auto& b) { return a.alias() < b.alias(); });
  WriteBatch batch;
  absl::Status status;
  for (size_t next = 0; status.ok() && next < notes.size();) {
    status = AddToBatch(notes, next, batch);
  }
  if (status.ok()) status = store_.Write(batch, Durability::kBuffered);
  if (status.ok()) return status;
  MutexLock lock(mutex_);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(notes.begin()),
                  std::make_move_iterator(notes.end()));
  if (waiting_.size() > kWaitingMax) {
    dropped_ += waiting_.size() - kWaitingMax;
    waiting_.resize(kWaitingMax);
  }
  return status;
}

uint64_t DeliveryJournal::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

absl::StatusOr<std::vector<DeliveryRecord>> ReadDeliveries(const Store& store,
                                                           absl::string_view alias) {
  TOCSIN_ASSIGN_OR_RETURN(std::vector<Stored> stored, Read(store, alias));
  std::vector<DeliveryRecord> records;
  for (Stored& one : stored) records.push_back(std::move(one.record));
  return records;
}

}  // namespace tocsin::storage
