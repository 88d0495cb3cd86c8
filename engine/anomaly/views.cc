#include "engine/anomaly/views.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr float kDriftClip = 20;  // a single deviation counts no more in their mean
constexpr float kShortMeans = 6;
constexpr float kLongMeans = 60;
constexpr uint64_t kFirstPoints = 20;

bool Far(float distance, float bound, const Demand& demand) {
  if (demand.direction == Direction::kAbove && distance < 0) return false;
  if (demand.direction == Direction::kBelow && distance > 0) return false;
  return std::fabs(distance) > std::max(bound, demand.deviation_min);
}

// A share that has been nothing for long is nothing: processors are slow with the tiniest numbers.
void FollowShare(float& share, float now, float rate) {
  constexpr float kNothing = 1e-9F;
  share += rate * (now - share);
  if (share < kNothing) share = 0;
}

// The step to x, in usual steps. What follows a gap is none.
void FollowChange(SeriesModel& model, const Constants& constants, const Pace& pace, float x) {
  ViewState& views = model.views;
  const float step = model.points > 1 && pace.gap < 2 ? x - views.last_value : 0;
  views.change =
      views.change_scale > 0 ? std::clamp(step / views.change_scale, -kChangeMax, kChangeMax) : 0;
  const float size = std::fabs(step);
  const bool clip = model.points > kFirstPoints && views.change_scale > 0;
  views.change_scale +=
      pace.Rate(constants.scale_rate) *
      ((clip ? std::min(size, 6 * views.change_scale) : size) - views.change_scale);
}

// A run is learned when it ends: it would hide itself otherwise.
void FollowRun(SeriesModel& model, const Constants& constants, const Pace& pace, float x) {
  ViewState& views = model.views;
  const bool same = model.points > 1 && x == views.last_value;
  if (same) {
    ++views.run;
  } else {
    if (views.run > 0) views.runs.Cover(0, RunLength(views, pace));
    views.run = 0;
  }
  FollowShare(views.equal_share, same ? 1 : 0, pace.Rate(constants.scale_rate));
  views.last_value = x;
}

}  // namespace

float MeanBefore(const ViewState& views, const Pace& pace, float x) {
  const float rate = pace.MeanRate(kShortMeans);
  return rate < 1 ? (views.mean6 - rate * x) / (1 - rate) : x - LastStep(views);
}

float RunLength(const ViewState& views, const Pace& pace) {
  return std::log1p(static_cast<float>(views.run) * pace.weight);
}

void FollowViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                 const Prediction& prediction, const Demand& demand, float x) {
  ViewState& views = model.views;
  if (pace.newest == 1) {
    views.mean6 = views.mean60 = x;
    views.long_deviation.Start(0);
    views.long_drifts.Start(0);
    views.deviation.Start(0);
    views.drifts.Start(0);
    views.long_changes.Start(0);
  }
  const float short_rate = pace.MeanRate(kShortMeans);
  views.mean6 += short_rate * (x - views.mean6);
  views.mean60 += pace.MeanRate(kLongMeans) * (x - views.mean60);
  const float clipped = std::clamp(prediction.deviation, -kDriftClip, kDriftClip);
  views.drift += short_rate * (clipped - views.drift);

  FollowChange(model, constants, pace, x);
  FollowRun(model, constants, pace, x);

  const float distance = x - model.pattern.offset[kLevelPredictor];
  const bool started = model.points > kFirstPoints;
  const float far6 = started && Far(distance, 6 * views.scale6, demand) ? 1 : 0;
  const float far3 = started && Far(distance, 3 * views.scale3, demand) ? 1 : 0;
  const float rate = std::min(1.0F, constants.density_rate * pace.weight);
  FollowShare(views.density6, far6, rate);
  FollowShare(views.density3, far3, rate);
}

}  // namespace tocsin::anomaly
