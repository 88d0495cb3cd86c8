#include "engine/group_schedule.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/labels.h"

namespace tocsin::engine {
namespace {

int64_t FloorDiv(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

GroupSchedule::GroupSchedule(absl::string_view file, absl::string_view name,
                             absl::Duration interval)
    : interval_ms_(std::max<int64_t>(1, absl::ToInt64Milliseconds(interval))),
      offset_ms_(static_cast<int64_t>(Hash64(absl::StrCat(file, ";", name)) %
                                      static_cast<uint64_t>(interval_ms_))) {}

GroupSchedule::GroupSchedule(Timestamp first, absl::Duration interval)
    : interval_ms_(std::max<int64_t>(1, absl::ToInt64Milliseconds(interval))),
      offset_ms_(first.millis() - FloorDiv(first.millis(), interval_ms_) * interval_ms_) {}

Timestamp GroupSchedule::SlotAt(Timestamp t) const {
  return Timestamp::FromMillis(FloorDiv(t.millis() - offset_ms_, interval_ms_) * interval_ms_ +
                               offset_ms_);
}

void GroupSchedule::Start(Timestamp now) {
  next_ = SlotAt(now) + interval();
}

GroupSchedule::Due GroupSchedule::Take(Timestamp now) {
  Due due;
  due.slot = SlotAt(now);
  due.missed = static_cast<uint64_t>(
      std::max<int64_t>(0, (due.slot.millis() - next_.millis()) / interval_ms_));
  next_ = due.slot + interval();
  return due;
}

}  // namespace tocsin::engine
