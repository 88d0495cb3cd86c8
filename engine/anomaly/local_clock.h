#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::anomaly {

// What the clocks of a time zone show, cheaply: the changes of the zone's offset up to 2100 are
// looked up once, when it is made.
//
// Thread: any, it is constant.
class LocalClock {
 public:
  explicit LocalClock(const absl::TimeZone& zone);

  // Seconds since 1970-01-01 00:00 as the clocks of the zone show it. `hint` is where the last call
  // for this series found its answer; any value is right, a good one saves the search.
  int64_t LocalSeconds(int64_t time_ms, uint32_t& hint) const;

 private:
  struct Span {
    int64_t begin_s;  // the offset holds from here to the next span's begin
    int64_t offset_s;
  };
  std::vector<Span> spans_;  // by begin; the first begins before all time
};

}  // namespace tocsin::anomaly
