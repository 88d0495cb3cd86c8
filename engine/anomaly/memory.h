#pragma once

#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/series_model.h"

namespace tocsin::anomaly {

// Takes the views into memory: long memory always, short memory and scales only if `learn`.
void LearnViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                const Prediction& prediction, float x, bool warm, bool eager, bool learn);

// What the incident that closes has shown is taken in once.
void LearnIncident(SeriesModel& model, const Constants& constants);

// Short memory knows the residuals of a worse pattern: what is far outside the usual is dropped.
void LimitMemory(SeriesModel& model, const Constants& constants);

}  // namespace tocsin::anomaly
