#include "storage/outbox.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/kill_point.h"
#include "base/status_macros.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::storage {
namespace {

using Desired = Outbox::Desired;
using Progress = Outbox::Progress;

// Up to which change of the page the remote state is as desired, given that delivery calls it
// settled.
uint64_t SettledSequence(const Progress& progress, const Desired& desired) {
  uint64_t sequence = 0;
  for (const auto& target : progress.targets()) {
    sequence = std::max({sequence, target.confirmed_sequence(), target.operation_sequence()});
  }
  if (sequence > 0) return sequence;
  // Nobody to tell (no receiver wants it, or it closed before anything was sent).
  return progress.routed_episode() == desired.episode() ? desired.sequence() : 0;
}

// After a restart, before delivery had its say: settled if each target confirmed the newest change.
bool ConfirmedEverywhere(const Progress& progress, const Desired& desired) {
  return progress.targets_size() > 0 &&
         std::all_of(progress.targets().begin(), progress.targets().end(), [&](const auto& target) {
           return target.confirmed_sequence() >= desired.sequence();
         });
}

// Delivery knows of a page that no alert does. Its state was not written before the process died
// although it was sent (a full disk), or is damaged. Nobody may be left to close it, so it is owed
// as closed; an alert that fires again takes it from there.
Desired Orphan(const Progress& progress) {
  Desired desired;
  desired.set_alias(progress.alias());
  desired.set_episode(progress.routed_episode());
  desired.set_reason("state_lost");
  uint64_t sequence = 0;
  int64_t accepted_ms = 0;
  for (const auto& target : progress.targets()) {
    sequence = std::max({sequence, target.confirmed_sequence(), target.operation_sequence()});
    accepted_ms = std::max(accepted_ms, target.accepted_ms());
  }
  desired.set_sequence(sequence + 1);
  desired.set_changed_ms(accepted_ms);
  return desired;
}

// One alias in memory. Without `desired` it is an entry whose first change is staged but not
// committed.
struct Node {
  std::optional<Desired> desired;
  Progress progress;
  bool has_progress = false;
  size_t pins = 0;        // Stage..Publish and SaveProgress under way: Remove must not happen
  bool removing = false;  // Remove is writing: Stage must wait
  std::optional<int64_t> unsettled_since_ms;
};

}  // namespace

struct Outbox::Impl {
  Impl(Store& s, size_t max) : store(s), entries_max(max) {}

  // Constant after construction / SetListener.
  Store& store;
  const size_t entries_max;
  std::function<void(const std::string&)> listener;

  // Guarded by mutex.
  mutable Mutex mutex;
  CondVar removed ABSL_GUARDED_BY(mutex);
  std::map<std::string, Node> nodes ABSL_GUARDED_BY(mutex);
  std::multiset<int64_t> unsettled ABSL_GUARDED_BY(mutex);  // of all nodes
  size_t published ABSL_GUARDED_BY(mutex) = 0;              // nodes with `desired`

  absl::StatusOr<size_t> Recover();
  absl::Status Load(absl::string_view key, absl::string_view value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SetUnsettled(Node& node, std::optional<int64_t> since_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SetDesired(Node& node, const Desired& desired) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SetProgress(Node& node, const Progress& progress, bool settled)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Forget(const std::string& alias) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  enum class Missing { kError, kAdd, kAddBeyondLimit };
  absl::Status Pin(const std::string& alias, Missing missing);
  bool BeginRemove(const std::string& alias, uint64_t sequence);
  void EndRemove(const std::string& alias, bool written);
};

void Outbox::Impl::SetUnsettled(Node& node, std::optional<int64_t> since_ms) {
  if (node.unsettled_since_ms) unsettled.erase(unsettled.find(*node.unsettled_since_ms));
  node.unsettled_since_ms = since_ms;
  if (since_ms) unsettled.insert(*since_ms);
}

void Outbox::Impl::SetDesired(Node& node, const Desired& desired) {
  if (!node.desired) ++published;
  node.desired = desired;
  if (!node.unsettled_since_ms) SetUnsettled(node, desired.changed_ms());
}

void Outbox::Impl::SetProgress(Node& node, const Progress& progress, bool settled) {
  node.progress = progress;
  node.has_progress = true;
  if (!node.desired || !settled) return;
  const bool newest = SettledSequence(progress, *node.desired) >= node.desired->sequence();
  SetUnsettled(node, newest ? std::nullopt : std::optional<int64_t>(node.desired->changed_ms()));
}

void Outbox::Impl::Forget(const std::string& alias) {
  const auto found = nodes.find(alias);
  SetUnsettled(found->second, std::nullopt);
  if (found->second.desired) --published;
  nodes.erase(found);
}

absl::Status Outbox::Impl::Load(absl::string_view key, absl::string_view value) {
  const std::string alias(key.substr(std::min<size_t>(1, key.size())));
  const char kind = key.empty() ? '\0' : key[0];
  if (kind == 'd') {
    Desired desired;
    TOCSIN_RETURN_IF_ERROR(DecodeMessage(value, desired));
    if (desired.alias() != alias) return absl::DataLossError("alias differs from its key");
    SetDesired(nodes[alias], desired);
    return absl::OkStatus();
  }
  if (kind == 'c') {
    Progress progress;
    TOCSIN_RETURN_IF_ERROR(DecodeMessage(value, progress));
    if (progress.alias() != alias) return absl::DataLossError("alias differs from its key");
    SetProgress(nodes[alias], progress, false);
    return absl::OkStatus();
  }
  return absl::DataLossError("unknown kind of key");
}

absl::StatusOr<size_t> Outbox::Impl::Recover() {
  WriteBatch aside;
  size_t moved = 0;
  absl::Status refused;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    if (!key.empty() && key[0] == 'x') return true;
    absl::Status loaded;
    {
      MutexLock lock(mutex);
      loaded = Load(key, value);
    }
    if (absl::IsFailedPrecondition(loaded)) {
      refused = loaded;
      return false;
    }
    if (!loaded.ok()) {
      aside.Put(Family::kOutbox, AsideKey(key), std::string(value));
      aside.Delete(Family::kOutbox, std::string(key));
      ++moved;
    }
    return true;
  };
  TOCSIN_RETURN_IF_ERROR(store.Scan(Family::kOutbox, "", "", visit));
  TOCSIN_RETURN_IF_ERROR(refused);
  if (moved > 0) TOCSIN_RETURN_IF_ERROR(store.Write(aside, Durability::kSynced));

  MutexLock lock(mutex);
  for (auto& [alias, node] : nodes) {
    if (!node.desired) SetDesired(node, Orphan(node.progress));
    if (ConfirmedEverywhere(node.progress, *node.desired)) {
      SetUnsettled(node, std::nullopt);
    }
  }
  return moved;
}

// Holds removal off.
absl::Status Outbox::Impl::Pin(const std::string& alias, Missing missing) {
  MutexLock lock(mutex);
  auto found = nodes.find(alias);
  while (found != nodes.end() && found->second.removing) {
    removed.Wait(mutex);
    found = nodes.find(alias);
  }
  if (found == nodes.end()) {
    if (missing == Missing::kError) {
      return absl::FailedPreconditionError(absl::StrCat("outbox: no page ", alias));
    }
    if (missing == Missing::kAdd && nodes.size() >= entries_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("outbox: full, limits.outbox_entries_max is ", entries_max));
    }
    found = nodes.emplace(alias, Node()).first;
  }
  ++found->second.pins;
  return absl::OkStatus();
}

// The lock is not held while the deletion is written, so the node is marked: a Stage that came in
// between would have its write deleted by ours.
bool Outbox::Impl::BeginRemove(const std::string& alias, uint64_t sequence) {
  MutexLock lock(mutex);
  const auto found = nodes.find(alias);
  if (found == nodes.end()) return false;
  Node& node = found->second;
  if (!node.desired || node.desired->open() || node.desired->sequence() != sequence) return false;
  if (node.pins > 0 || node.removing) return false;
  node.removing = true;
  return true;
}

void Outbox::Impl::EndRemove(const std::string& alias, bool written) {
  MutexLock lock(mutex);
  if (written) {
    Forget(alias);
  } else {
    nodes.find(alias)->second.removing = false;
  }
  removed.NotifyAll();
}

Outbox::Outbox(Store& store, size_t entries_max)
    : impl_(std::make_unique<Impl>(store, entries_max)) {}
Outbox::~Outbox() = default;

absl::StatusOr<size_t> Outbox::Recover() {
  return impl_->Recover();
}

void Outbox::SetListener(std::function<void(const std::string& alias)> listener) {
  impl_->listener = std::move(listener);
}

absl::Status Outbox::Stage(const Desired& desired, WriteBatch& batch) {
  TOCSIN_RETURN_IF_ERROR(impl_->Pin(desired.alias(), Impl::Missing::kAdd));
  batch.Put(Family::kOutbox, DesiredKey(desired.alias()), EncodeMessage(desired));
  return absl::OkStatus();
}

void Outbox::Publish(const Desired& desired, bool committed) {
  {
    MutexLock lock(impl_->mutex);
    const auto found = impl_->nodes.find(desired.alias());
    TOCSIN_CHECK(found != impl_->nodes.end() && found->second.pins > 0)
        << "Publish without Stage of " << desired.alias();
    Node& node = found->second;
    --node.pins;
    if (committed) impl_->SetDesired(node, desired);
    if (!node.desired && !node.has_progress && node.pins == 0) impl_->Forget(desired.alias());
  }
  if (impl_->listener) impl_->listener(desired.alias());
}

absl::Status Outbox::Write(const Desired& desired) {
  TOCSIN_RETURN_IF_ERROR(impl_->Pin(desired.alias(), Impl::Missing::kAddBeyondLimit));
  WriteBatch batch;
  batch.Put(Family::kOutbox, DesiredKey(desired.alias()), EncodeMessage(desired));
  const absl::Status written = impl_->store.Write(batch, Durability::kSynced);
  Publish(desired, written.ok());
  return written;
}

std::optional<Outbox::Entry> Outbox::Find(const std::string& alias) const {
  MutexLock lock(impl_->mutex);
  const auto found = impl_->nodes.find(alias);
  if (found == impl_->nodes.end() || !found->second.desired) return std::nullopt;
  return Entry{*found->second.desired, found->second.progress};
}

std::vector<std::string> Outbox::Aliases() const {
  MutexLock lock(impl_->mutex);
  std::vector<std::string> aliases;
  aliases.reserve(impl_->published);
  for (const auto& [alias, node] : impl_->nodes) {
    if (node.desired) aliases.push_back(alias);
  }
  return aliases;
}

size_t Outbox::size() const {
  MutexLock lock(impl_->mutex);
  return impl_->published;
}

std::optional<int64_t> Outbox::OldestUnsettledMillis() const {
  MutexLock lock(impl_->mutex);
  if (impl_->unsettled.empty()) return std::nullopt;
  return *impl_->unsettled.begin();
}

absl::Status Outbox::SaveProgress(const Progress& progress, bool settled, Durability durability) {
  TOCSIN_RETURN_IF_ERROR(impl_->Pin(progress.alias(), Impl::Missing::kError));
  WriteBatch batch;
  batch.Put(Family::kOutbox, ProgressKey(progress.alias()), EncodeMessage(progress));
  KillPoint("outbox_progress.before_write");
  const absl::Status written = impl_->store.Write(batch, durability);
  KillPoint("outbox_progress.after_write");
  MutexLock lock(impl_->mutex);
  Node& node = impl_->nodes.find(progress.alias())->second;
  --node.pins;
  if (written.ok()) impl_->SetProgress(node, progress, settled);
  return written;
}

absl::StatusOr<bool> Outbox::Remove(const std::string& alias, uint64_t sequence) {
  if (!impl_->BeginRemove(alias, sequence)) return false;
  WriteBatch batch;
  batch.Delete(Family::kOutbox, DesiredKey(alias));
  batch.Delete(Family::kOutbox, ProgressKey(alias));
  KillPoint("outbox_remove.before_write");
  const absl::Status written = impl_->store.Write(batch, Durability::kBuffered);
  KillPoint("outbox_remove.after_write");
  impl_->EndRemove(alias, written.ok());
  TOCSIN_RETURN_IF_ERROR(written);
  return true;
}

}  // namespace tocsin::storage
