#pragma once

#include "engine/anomaly/options.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/series_model.h"
#include "engine/anomaly/verdict.h"

namespace tocsin::anomaly {

// What all channels say about a point.
struct Evidence {
  // The score, by long memory: the largest of the channels' excesses over their thresholds.
  float score = 0;
  Channel score_channel = Channel::kNone;
  // The evidence for an incident, by short memory: 1 and more is enough if it lasts.
  float severity = 0;
  Channel severity_channel = Channel::kNone;
  bool known = false;  // long memory has seen such a deviation
  float sudden = 0;    // the evidence of what long memory has not seen
  Channel sudden_channel = Channel::kNone;
  bool unchanged = false;  // the value is that of the last point
};

// What a monitor asks for, in the model's own terms.
struct Demand {
  Direction direction;
  float sensitivity;
  float deviation_min;  // at this point, in the unit of the metric
};

// Moves the running means on to x. Before Look().
void FollowViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                 const Prediction& prediction, const Demand& demand, float x);

// Compares the views with what is remembered; learns nothing. `warm`: enough points were seen.
Evidence Look(const SeriesModel& model, const Constants& constants, const Pace& pace,
              const Prediction& prediction, const Demand& demand, bool warm);

// Takes the views into memory: long memory always, short memory and scales only if `learn`.
void LearnViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                const Prediction& prediction, float x, bool warm, bool eager, bool learn);

// What the incident that closes has shown is taken in once.
void LearnIncident(SeriesModel& model, const Constants& constants);

// Short memory knows the residuals of a worse pattern: what is far outside the usual is dropped.
void LimitMemory(SeriesModel& model, const Constants& constants);

}  // namespace tocsin::anomaly
