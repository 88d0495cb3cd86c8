#pragma once

#include "engine/anomaly/options.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/series_model.h"

namespace tocsin::anomaly {

// What a monitor asks for, in the model's own terms.
struct Demand {
  Direction direction;
  float sensitivity;
  float deviation_min;  // at this point, in the unit of the metric
  float bar = 1;        // evidence for an incident counts as the same divided by this
};

// Steps are counted up to so many usual ones.
inline constexpr float kChangeMax = 1e4F;

// Moves the running means on to x. Before Look().
void FollowViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                 const Prediction& prediction, const Demand& demand, float x);

// The last step, in the metric's unit. Up to kChangeMax usual ones.
inline float LastStep(const ViewState& views) {
  return views.change * views.change_scale;
}

// What the mean over six points was before x, which is taken in.
float MeanBefore(const ViewState& views, const Pace& pace, float x);

// The length of the present run of equal values, as it is remembered: log(1 + weighted points).
float RunLength(const ViewState& views, const Pace& pace);

}  // namespace tocsin::anomaly
