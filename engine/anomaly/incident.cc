#include "engine/anomaly/incident.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/anomaly/memory.h"
#include "engine/anomaly/views.h"

namespace tocsin::anomaly {
namespace {

constexpr float kGapMax = 6;      // steps: evidence from before a longer gap does not count
constexpr float kGapCounted = 3;  // steps of a gap that count as back in the band
constexpr float kMeanPoints = 12;
constexpr float kWeightMax = 6;  // of a point in that mean
constexpr float kForgotten = 1e-3F;
constexpr float kHoldShareMin = 0.04F;
constexpr float kWeak = 0.7F;  // a pattern whose error is this share of the level's, or more
constexpr float kDayMs = 86'400'000;
constexpr int64_t kProfilesKnownMs = 14 * int64_t{86'400'000};

// As many points on finer data would make it hasty, as much time would make it wait: between the
// two, points / weight^(2/3).
bool LastsFor(float points, const Pace& pace, float hot_points) {
  return hot_points * hot_points * hot_points * pace.weight * pace.weight >=
         points * points * points;
}

float MeanRate(const Pace& pace) {
  return std::min(pace.weight, kWeightMax) / kMeanPoints;
}

// Moves what is expected: by both profiles alike, once they have seen their patterns.
void Shift(SeriesModel& model, uint32_t picked, float by) {
  float* offset = model.pattern.offset;
  const bool both = picked != kLevelPredictor && model.last_ms - model.first_ms > kProfilesKnownMs;
  if (both) {
    offset[kDailyPredictor] += by;
    offset[kWeeklyPredictor] += by;
  } else {
    offset[picked] += by;
  }
  model.views.drift = 0;
}

// Back at the level from before the last accepted one: that is no fault, and what is expected is
// as it was then.
bool BackInRegime(SeriesModel& model, const Constants& constants, const Prediction& prediction,
                  float x) {
  IncidentState& incident = model.incident;
  if (model.last_ms >= incident.regime_until_ms) return false;
  const float before = prediction.offset - incident.regime_shift;
  const float residual = prediction.shape().Residual(x - before);
  if (!(std::fabs(residual) < constants.regime_scales * prediction.sigma)) return false;
  Shift(model, prediction.picked, -incident.regime_shift);
  incident.regime_shift = -incident.regime_shift;
  return true;
}

// Long memory has seen all that is outside. Beside that: where the pattern explains little, as a
// daily one of a series that changes between two levels, a deviation from it says nothing as long
// as the value is where it has been for hours before.
bool Known(const SeriesModel& model, const Evidence& evidence) {
  if (evidence.sudden < 1) return true;
  if (evidence.sudden_channel == Channel::kChange) return false;
  const float* error = model.pattern.error;
  if (error[model.incident.picked] < kWeak * error[kLevelPredictor]) return false;
  const ViewState& views = model.views;
  return views.level6.Contains(views.mean6) && views.level60.Contains(views.mean60);
}

// For how long the incident is held open with this evidence: longer with what the series has not
// shown yet, shorter the more of its levels had to be accepted before.
float Hold(const SeriesModel& model, const Constants& constants, const Evidence& evidence) {
  const float share = std::exp2(-2 * std::max(0.0F, model.incident.accepted - 0.5F));
  const float longest = Known(model, evidence) ? constants.known_hold : constants.hold;
  return longest * std::max(kHoldShareMin, share);
}

Cause CauseOf(const ViewState& views, const Evidence& evidence) {
  if (evidence.severity_channel == Channel::kFrozen) return Cause::kStandstill;
  if (evidence.severity >= 1 || evidence.sudden_channel != Channel::kChange) return Cause::kOutside;
  if (std::fabs(views.change) >= kChangeMax) return Cause::kOutside;  // its size is unknown
  return views.change > 0 ? Cause::kStepUp : Cause::kStepDown;
}

// What the series is compared with until the incident closes: the prediction and its band.
void CompareWithPrediction(SeriesModel& model, const Constants& constants,
                           const Prediction& prediction) {
  IncidentState& incident = model.incident;
  const Envelope& usual = model.views.deviation.envelope;
  const float margin = constants.close_margin / 2 * usual.width();
  incident.offset = model.pattern.offset[incident.picked];
  incident.lower = (usual.low - margin) * prediction.sigma;
  incident.upper = (usual.high + margin) * prediction.sigma;
}

// Or the value before a step, in a series so smooth that its band says little about the step: back
// is what has gone back by half of it. Before: a mean, since the last point may be an outlier, from
// which the series has stepped back.
void CompareWithValueBefore(SeriesModel& model, const Pace& pace, const Prediction& prediction,
                            float x) {
  IncidentState& incident = model.incident;
  const float step = LastStep(model.views);
  incident.offset = MeanBefore(model.views, pace, x) - prediction.shape().centre;
  incident.upper = std::fabs(step) / 2;
  incident.lower = -incident.upper;
  incident.largest_mean = std::fabs(step);
}

// By half of the step or more. Twice of it is another event, as a disk that is cleared.
bool SteppedBack(const IncidentState& incident, const ViewState& views) {
  const float back = LastStep(views) / incident.upper;
  if (incident.cause == static_cast<uint32_t>(Cause::kStepUp)) return back <= -1 && back > -4;
  if (incident.cause == static_cast<uint32_t>(Cause::kStepDown)) return back >= 1 && back < 4;
  return false;
}

void Open(SeriesModel& model, const Constants& constants, const Pace& pace,
          const Prediction& prediction, const Evidence& evidence, float x) {
  IncidentState& incident = model.incident;
  incident.open = 1;
  incident.picked = prediction.picked;
  incident.largest_mean = 0;
  const Cause cause = CauseOf(model.views, evidence);
  incident.cause = static_cast<uint32_t>(cause);
  if (cause == Cause::kStepUp || cause == Cause::kStepDown) {
    CompareWithValueBefore(model, pace, prediction, x);
  } else {
    CompareWithPrediction(model, constants, prediction);
  }
  incident.mean = MeanRate(pace) * (x - prediction.shape().centre - incident.offset);
  incident.largest_mean = std::max(incident.largest_mean, std::fabs(incident.mean));
  incident.age = incident.inside = incident.hot = 0;
  incident.hold = Hold(model, constants, evidence);
  incident.deviations.Clear();
  incident.drifts.Clear();
  incident.changes.Clear();
  incident.deviations.Add(prediction.deviation);
  incident.drifts.Add(model.views.drift);
  incident.changes.Add(model.views.change);
  ViewState& views = model.views;
  for (LaggedEnvelope* memory :
       {&views.deviation, &views.drifts, &views.long_deviation, &views.long_drifts}) {
    memory->Forget();
  }
}

// How this point compares with what was expected when the incident opened.
void Compare(SeriesModel& model, const Constants& constants, const Pace& pace,
             const Prediction& prediction, const Evidence& evidence, float x) {
  IncidentState& incident = model.incident;
  incident.age += pace.weight * pace.gap;
  incident.deviations.Add(prediction.deviation);
  incident.drifts.Add(model.views.drift);
  incident.changes.Add(model.views.change);
  incident.hold = std::max(incident.hold, Hold(model, constants, evidence));
  const Shape& shape = prediction.shapes[incident.picked];
  if (!shape.known) return;
  if (SteppedBack(incident, model.views)) {
    // A series that climbs is not where it was before: its band has to do, whatever the mean is.
    CompareWithPrediction(model, constants, prediction);
    incident.cause = static_cast<uint32_t>(Cause::kOutside);
    incident.largest_mean = HUGE_VALF;
  }
  const float residual = shape.Residual(x - incident.offset);
  // From the centre: an edge, at which a whole interval is expected, would swallow the fault.
  incident.mean += MeanRate(pace) * (x - shape.centre - incident.offset - incident.mean);
  incident.largest_mean = std::max(incident.largest_mean, std::fabs(incident.mean));
  const bool inside = residual >= incident.lower && residual <= incident.upper;
  const bool still =
      incident.cause == static_cast<uint32_t>(Cause::kStandstill) && evidence.unchanged;
  if (inside && !still) {
    incident.inside += pace.weight * std::min(pace.gap, kGapCounted);
  } else {
    incident.inside = 0;
  }
}

void CloseNow(SeriesModel& model, const Constants& constants) {
  model.incident.open = 0;
  model.incident.rested = 0;
  LearnIncident(model, constants);
}

}  // namespace

void ForgiveIncident(SeriesModel& model, const Constants& constants) {
  if (model.incident.open != 0) CloseNow(model, constants);
}

void AcceptIncident(SeriesModel& model, const Constants& constants) {
  IncidentState& incident = model.incident;
  if (incident.open == 0) return;
  const float moved = model.pattern.offset[incident.picked] - incident.offset;
  Shift(model, incident.picked, incident.mean - moved);
  incident.accepted += 1;
  incident.regime_shift = incident.mean;
  incident.regime_until_ms = model.last_ms + static_cast<int64_t>(constants.regime_days * kDayMs);
  CloseNow(model, constants);
}

namespace {

Close CloseIfDue(SeriesModel& model, const Constants& constants) {
  IncidentState& incident = model.incident;
  const float moved = model.pattern.offset[incident.picked] - incident.offset;
  const bool mean_back = std::fabs(incident.mean) < constants.close_share * incident.largest_mean;
  if (incident.inside >= constants.close_points && mean_back) {
    Shift(model, incident.picked, -moved);
    CloseNow(model, constants);
    return Close::kBack;
  }
  if (incident.age < incident.hold) return Close::kNotClosed;
  AcceptIncident(model, constants);
  return Close::kAccepted;
}

}  // namespace

Needed NeededToOpen(const SeriesModel& model, const Constants& constants, const Pace& pace,
                    bool learning) {
  const IncidentState& incident = model.incident;
  if (learning || incident.open != 0 || incident.rested + pace.weight < constants.rest) {
    return {HUGE_VALF, HUGE_VALF, HUGE_VALF};
  }
  const float hot = pace.gap > kGapMax ? 0 : incident.hot;
  const bool lasts = hot > 0 && LastsFor(constants.page_points, pace, hot + 1);
  const bool lasts_briefly = LastsFor(1, pace, hot + 1);
  return {lasts ? 1 : HUGE_VALF, lasts_briefly ? constants.page_extreme : HUGE_VALF,
          constants.page_extreme};
}

IncidentStep FollowIncident(SeriesModel& model, const Constants& constants, const Pace& pace,
                            const Prediction& prediction, const Evidence& evidence,
                            const Needed& needed, float x) {
  IncidentState& incident = model.incident;
  IncidentStep step;
  incident.hot = evidence.severity >= 1 ? (pace.gap > kGapMax ? 1 : incident.hot + 1) : 0;
  incident.rested += pace.weight;
  incident.accepted *= 1 - std::min(1.0F, constants.accepted_decay * pace.weight);
  if (incident.accepted < kForgotten) incident.accepted = 0;
  if (incident.open != 0) {
    Compare(model, constants, pace, prediction, evidence, x);
    step.close = CloseIfDue(model, constants);
  } else if (needed.MetBy(evidence)) {
    if (BackInRegime(model, constants, prediction, x)) {
      incident.hot = 0;
      incident.rested = constants.rest - kMeanPoints;
    } else {
      Open(model, constants, pace, prediction, evidence, x);
      step.opened = true;
    }
  }
  return step;
}

}  // namespace tocsin::anomaly
