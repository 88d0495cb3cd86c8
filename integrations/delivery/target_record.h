#pragma once

#include <cstdint>

#include "base/timestamp.h"
#include "integrations/delivery/target.h"

// What becomes of a target's record, whatever kind it is, when something happens to its page or to
// us. No I/O.
namespace tocsin::delivery {

// A target of the last episode is one of the new episode, too.
void KeepTarget(TargetDelivery& record);

// A request that opens the page somewhere may have taken effect without the record knowing. While
// its episode lasts that does no harm, because it is repeated; of the next one it must be told.
bool HasDoubts(const state::v1::PageDelivery& progress);

// The configuration was read again: what was given up is tried again.
void TryAgain(TargetDelivery& record);

// Somebody was told something.
void NoteRepeated(Timestamp now, TargetDelivery& record);

// Nothing is left to do for the page as it is wanted.
void NoteAtRest(const DesiredPage& page, TargetDelivery& record);

// The record was read from disk. The clock may have been set back since it was written.
void BoundTimes(Timestamp now, TargetDelivery& record);
// The wall clock was set by `ms`.
void ShiftTimes(int64_t ms, TargetDelivery& record);

// The page of this episode is open there, as far as we know.
bool IsThere(const DesiredPage& page, const TargetDelivery& record);

// How bad a page is, to tell a raise: 3 critical, 2 warning, 1 anything else.
uint32_t LevelOf(const DesiredPage& page);
// What a page that others closed must exceed to be opened anew.
uint32_t RespectedLevel(const TargetDelivery& record);

}  // namespace tocsin::delivery
