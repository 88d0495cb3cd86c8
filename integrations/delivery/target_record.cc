#include "integrations/delivery/target_record.h"

#include <algorithm>

namespace tocsin::delivery {

void KeepTarget(TargetDelivery& record) {
  record.set_retired(false);
  record.set_told_since_ms(0);
  record.set_told_ms(0);
  record.set_renotify_at_ms(0);
  record.set_escalation_steps(0);
  record.clear_responders_there();
  record.set_silenced(false);
  if (record.step() == TargetDelivery::SENT || record.step() == TargetDelivery::UNKNOWN) return;
  record.set_step(TargetDelivery::IDLE);  // a new page starts afresh
  record.set_next_attempt_ms(0);
  record.set_attempts(0);
  record.set_give_ups(0);
  record.set_minimal(false);
  // Without closes the old page may still be there and takes the new one in without a change of
  // fields.
  if (record.confirmed_open()) record.set_verify(true);
}

bool HasDoubts(const state::v1::PageDelivery& progress) {
  const auto& records = progress.targets();
  return std::any_of(records.begin(), records.end(), [](const TargetDelivery& record) {
    return record.uncertain_until_ms() != 0 ||
           (record.step() != TargetDelivery::SENT && record.operation() == TargetDelivery::CREATE);
  });
}

void TryAgain(TargetDelivery& record) {
  record.set_lookup_refused(false);
  if (record.step() != TargetDelivery::GAVE_UP) return;
  record.set_step(TargetDelivery::IDLE);
  record.set_next_attempt_ms(0);
  record.set_give_ups(0);
}

void NoteRepeated(Timestamp now, TargetDelivery& record) {
  record.set_told_ms(now.millis());
  record.set_silenced(false);
}

void NoteAtRest(const DesiredPage& page, TargetDelivery& record) {
  if (record.closed_by_others()) {  // what it falls to it may rise from
    record.set_level_seen(std::min(RespectedLevel(record), LevelOf(page)));
  }
  if (record.step() == TargetDelivery::GAVE_UP) return;
  record.set_step(TargetDelivery::IDLE);
  record.set_confirmed_sequence(page.sequence());
}

void BoundTimes(Timestamp now, TargetDelivery& record) {
  const int64_t latest_ms = now.millis() + kGaveUpRetryMs;
  record.set_next_attempt_ms(std::min(record.next_attempt_ms(), latest_ms));
  record.set_verify_at_ms(std::min(record.verify_at_ms(), latest_ms));
  const int64_t uncertain_ms = (now + absl::Milliseconds(kUncertainMs)).millis();
  record.set_uncertain_until_ms(std::min(record.uncertain_until_ms(), uncertain_ms));
  record.set_close_uncertain_until_ms(std::min(record.close_uncertain_until_ms(), uncertain_ms));
  record.set_accepted_ms(std::min(record.accepted_ms(), now.millis()));
  record.set_read_at_ms(std::min(record.read_at_ms(), latest_ms));
  record.set_told_since_ms(std::min(record.told_since_ms(), now.millis()));
  record.set_told_ms(std::min(record.told_ms(), now.millis()));
  record.set_read_ms(std::min(record.read_ms(), now.millis()));
  record.set_closed_by_others_ms(std::min(record.closed_by_others_ms(), now.millis()));
  record.set_opened_ms(std::min(record.opened_ms(), now.millis()));
}

void ShiftTimes(int64_t ms, TargetDelivery& record) {
  const auto shifted = [ms](int64_t at_ms) { return at_ms == 0 ? 0 : at_ms + ms; };  // 0: none
  record.set_next_attempt_ms(shifted(record.next_attempt_ms()));
  record.set_verify_at_ms(shifted(record.verify_at_ms()));
  record.set_accepted_ms(shifted(record.accepted_ms()));
  record.set_repeat_at_ms(shifted(record.repeat_at_ms()));
  record.set_uncertain_until_ms(shifted(record.uncertain_until_ms()));
  record.set_close_uncertain_until_ms(shifted(record.close_uncertain_until_ms()));
  record.set_read_ms(shifted(record.read_ms()));
  record.set_read_at_ms(shifted(record.read_at_ms()));
  record.set_closed_by_others_ms(shifted(record.closed_by_others_ms()));
  record.set_opened_ms(shifted(record.opened_ms()));
  record.set_told_since_ms(shifted(record.told_since_ms()));
  record.set_told_ms(shifted(record.told_ms()));
  record.set_renotify_at_ms(shifted(record.renotify_at_ms()));
}

bool IsThere(const DesiredPage& page, const TargetDelivery& record) {
  return record.confirmed_open() && !record.closed_by_others() &&
         record.episode() == page.episode();
}

uint32_t LevelOf(const DesiredPage& page) {
  if (page.severity() == "critical") return 3;
  return page.severity() == "warning" ? 2 : 1;
}

uint32_t RespectedLevel(const TargetDelivery& record) {
  return record.level_seen() == 0 ? 2 : record.level_seen();  // not in old records
}

}  // namespace tocsin::delivery
