#include <map>
#include <string>

#include "integrations/delivery/delivery.h"
#include "integrations/delivery/opsgenie_content.h"
#include "integrations/delivery/people.h"
#include "integrations/page/clamp.h"

// What delivery learns of what people do with pages at their receivers.
namespace tocsin::delivery {

using opsgenie::RemoteAlert;
using opsgenie::WebhookEvent;

namespace {

// Of what the journal keeps.
constexpr size_t kUserCharsMax = 100;
constexpr size_t kNoteCharsMax = 1000;

}  // namespace

Delivery::Page* Delivery::FindByRemoteAlias(const std::string& alias) {
  auto found = pages_.find(alias);
  if (found == pages_.end()) found = pages_.find(WithoutOccurrence(alias));
  return found == pages_.end() ? nullptr : &found->second;
}

bool Delivery::TakeWebhook(const std::string& receiver, const WebhookEvent& event, Timestamp now) {
  std::vector<DeliveryLine> lines;
  bool ours = false;
  {
    MutexLock lock(mutex_);
    Page* page = FindByRemoteAlias(event.alias);
    if (page == nullptr) return false;
    for (TargetDelivery& record : *page->progress.mutable_targets()) {
      const OpsgenieTarget* target = targets_.FindOpsgenie(KeyOf(record));
      if (target == nullptr || record.receiver() != receiver) continue;
      if (!target->IsAbout(event, page->desired, record)) continue;
      ours = true;
      NoteEvent(*page, record, event);
      if (opsgenie::IsOurs(event)) continue;
      if (target->CanRead(record)) {
        record.set_read_at_ms(now.millis());
      } else if (NoteTold(event, now, record)) {
        QueueStore(*page);
      }
    }
    if (ours) Reconcile(*page);
    StoreQueued(now);
    lines.swap(log_);
  }
  WriteLines(lines);
  return ours;
}

void Delivery::NoteEvent(const Page& page, const TargetDelivery& record,
                         const WebhookEvent& event) {
  if (journal_ == nullptr || opsgenie::IsOurs(event)) return;
  storage::DeliveryJournal::Attempt note;
  note.alias = page.desired.alias();
  note.receiver = record.receiver();
  note.target = record.target();
  note.action = event.action_name;
  note.outcome = "told";
  note.episode = page.desired.episode();
  note.by = page::ClampEnd(event.user, kUserCharsMax);
  note.note = page::ClampEnd(event.note, kNoteCharsMax);
  journal_->Note(std::move(note));
}

void Delivery::TakeListed(const TargetKey& key, const opsgenie::ListedCycle& cycle, Timestamp now) {
  std::map<std::string, const RemoteAlert*> by_id;
  for (const RemoteAlert& alert : cycle.alerts) by_id[alert.id] = &alert;
  std::vector<DeliveryLine> lines;
  {
    MutexLock lock(mutex_);
    for (auto& [alias, page] : pages_) {
      for (TargetDelivery& record : *page.progress.mutable_targets()) {
        if (KeyOf(record) != key || !record.confirmed_open() || record.closed_by_others()) continue;
        // What was opened or read meanwhile is known better.
        const int64_t known_ms = std::max(record.accepted_ms(), record.read_ms());
        if (record.remote_id().empty() || known_ms >= cycle.began.millis()) continue;
        const auto found = by_id.find(record.remote_id());
        if (found != by_id.end()) {
          if (!NoteRead(*found->second, cycle.began, record)) break;
        } else if (cycle.complete) {
          record.set_read_at_ms(now.millis());
        } else {
          break;
        }
        Reconcile(page);
        break;
      }
    }
    StoreQueued(now);
    lines.swap(log_);
  }
  WriteLines(lines);
}

}  // namespace tocsin::delivery
