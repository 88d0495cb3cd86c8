#pragma once

#include <cstdint>
#include <string>

namespace tocsin::anomaly {

enum class State : uint8_t { kLearning, kOk, kAlarm };

// The view of the series that was furthest outside.
enum class Channel : uint8_t {
  kNone = 0,
  kRange = 1,      // a deviation larger than any in long memory (about two months)
  kDeviation = 2,  // a deviation in units of the usual one, larger than those of the last days
  kLevel = 3,      // the mean of the last half hour or five hours is where it has not been
  kDrift = 4,      // the mean deviation of the last half hour is larger than those of the last days
  kDensity = 5,    // large deviations have become frequent
  kFrozen = 6,     // the value has not changed for longer than ever
  kChange = 7,     // a step far larger than any in long memory
};

// Why an incident closed.
enum class Close : uint8_t {
  kNotClosed = 0,
  kBack = 1,      // the series is back in its band
  kAccepted = 2,  // it stayed outside for a day: this is now expected, the old level is remembered
};

// What Detector::Update() says about one point.
struct Verdict {
  bool judged = false;  // there are a score and a band
  bool opened = false;  // an incident opened with this point: page once
  Close close = Close::kNotClosed;
  State state = State::kLearning;  // kAlarm while an incident is open
  Channel channel = Channel::kNone;

  double score = 0;  // 0 and more; 1 and more is outside
  double value = 0;
  double expected = 0;
  // The band. A value outside it has a score of 1 or more; a score of 1 or more may also come of
  // what values have been for a while (kLevel, kDrift, kDensity, kFrozen).
  double lower = 0;
  double upper = 0;

  // For the reason: largest deviation from what was expected that was remembered before this point,
  // on the value's side and in its unit, and over how many days.
  double largest_before = 0;
  double memory_days = 0;
  int64_t run_points = 0;  // equal values in a row (kFrozen)
};

// "value 812 is above the expected 240 (band 180 to 310): the deviation of 572 is the largest in 21
// days, before it was 85". Empty if the point is not outside and no incident opened.
std::string Reason(const Verdict& verdict);

// "learning", "ok", "alarm": for files.
const char* StateName(State state);

}  // namespace tocsin::anomaly
