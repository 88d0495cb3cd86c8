#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/anomaly/options.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/series_model.h"

namespace tocsin::anomaly {

// Where in the day and in the week a point lies, by the clocks of its time zone.
struct Slots {
  int quarter;    // of an hour, 0 to 95
  int week_hour;  // from Monday 00:00
  int day_hour;
  float into_hour;  // -0.5 to 0.5 from the middle of the hour

  explicit Slots(int64_t local_seconds);
};

// The order of PatternState::offset and the like.
enum Predictor : uint32_t { kLevelPredictor = 0, kDailyPredictor = 1, kWeeklyPredictor = 2 };

// What a profile has around a point, without its offset. At an edge of the pattern anything
// between `least` and `most` is expected: edges come a little early or late.
struct Shape {
  bool known = false;
  float centre = 0;
  float least = 0;
  float most = 0;

  // Distance of x (without offset) from what is expected.
  // Without a branch: on which side of the expected value x lies cannot be guessed.
  float Residual(float x) const { return std::max(x - most, 0.0F) + std::min(x - least, 0.0F); }
};

// What is expected of a point, before it is learned.
struct Prediction {
  Shape shapes[kPredictors];
  float residuals[kPredictors];
  bool eligible[kPredictors];
  uint32_t picked;
  float offset;  // of the picked one
  float expected;
  float residual;
  float sigma;      // usual residual at this hour
  float deviation;  // residual in sigmas, within +-1000

  const Shape& shape() const { return shapes[picked]; }
};

Prediction Predict(const SeriesModel& model, const Constants& constants, Seasonality seasonality,
                   const Pace& pace, const Slots& slots, float x);

// Learns the residuals: profiles, offsets and scales only if `learn`, errors of predictors always.
void LearnPattern(SeriesModel& model, const Constants& constants, const Pace& pace,
                  const Slots& slots, const Prediction& prediction, float x, bool learn);

// Lets another predictor take over if it has been clearly better. True if that is a longer pattern
// for the first time: residuals are smaller than what is remembered from now on.
bool PickPredictor(SeriesModel& model, const Constants& constants, const Prediction& prediction);

}  // namespace tocsin::anomaly
