#pragma once

#include "engine/anomaly/options.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/series_model.h"
#include "engine/anomaly/verdict.h"
#include "engine/anomaly/views.h"

namespace tocsin::anomaly {

// What all channels say about a point.
struct Evidence {
  // The score, by long memory: the largest of the channels' excesses over their thresholds.
  float score = 0;
  Channel score_channel = Channel::kNone;
  // The evidence for an incident, by short memory: 1 and more is enough if it lasts.
  float severity = 0;
  Channel severity_channel = Channel::kNone;
  // The evidence of what long memory has not seen: below 1, all that is outside is known.
  float sudden = 0;
  Channel sudden_channel = Channel::kNone;
  bool unchanged = false;  // the value is that of the last point
};

// Compares the views with what is remembered; learns nothing. `warm`: enough points were seen.
Evidence Look(const SeriesModel& model, const Constants& constants, const Pace& pace,
              const Prediction& prediction, const Demand& demand, bool warm);

}  // namespace tocsin::anomaly
