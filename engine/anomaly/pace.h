#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/anomaly/series_model.h"

namespace tocsin::anomaly {

// How much one point of a series weighs, so that constants in points of five-minute data fit every
// step. On finer data durations are kept; on coarser ones the geometric mean of duration and number
// of points, since a statistic needs both.
struct Pace {
  float weight = 1;     // five-minute points that this point stands for
  float gap = 1;        // steps since the last point, 1 if none is missing
  float newest = 1;     // 1 / points
  float days = 0;       // since the first point
  float points = 1;     // seen up to now, weighted
  float step_days = 0;  // usual time between points

  // A rate per point, for plain means at first.
  float Rate(float rate) const { return std::max(rate * weight, newest); }
  // The rate of a mean over so many points, faster after a gap.
  float MeanRate(float points_of_mean) const {
    const float rate = 2 / (points_of_mean + 1) * weight;
    if (gap == 1) return std::min(1.0F, std::max(rate, newest));
    const float stretched = rate * gap / (1 + rate * (gap - 1));
    return std::min(1.0F, std::max(stretched, newest));
  }
};

// Counts the point at `time_ms`, which is after the last one, and learns the step.
inline Pace NextPace(SeriesModel& model, int64_t time_ms) {
  constexpr float kStepRate = 0.02F;
  constexpr float kStandardStep = 300;
  constexpr double kDaysPerMs = 1 / 86'400'000.0;
  constexpr float kWeightMax = 20;  // of a point a day and less
  Pace pace;
  model.points += 1;
  pace.newest = 1 / static_cast<float>(model.points);
  if (model.points == 1) {
    model.first_ms = model.last_ms = time_ms;
    return pace;
  }
  const float seconds = static_cast<float>(time_ms - model.last_ms) / 1000;
  if (model.points == 2) {
    model.step_s = seconds;
  } else {
    const float usual = std::clamp(seconds, model.step_s / 4, model.step_s * 4);
    model.step_s += std::max(kStepRate, pace.newest) * (usual - model.step_s);
  }
  model.last_ms = time_ms;
  pace.gap = seconds / model.step_s;
  const float ratio = model.step_s / kStandardStep;
  pace.weight = ratio > 1 ? std::min(std::sqrt(ratio), kWeightMax) : ratio;
  pace.days = static_cast<float>(static_cast<double>(time_ms - model.first_ms) * kDaysPerMs);
  pace.step_days = model.step_s / 86400;
  pace.points = static_cast<float>(model.points) * pace.weight;
  return pace;
}

}  // namespace tocsin::anomaly
