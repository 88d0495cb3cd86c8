#include "engine/anomaly/incident.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/anomaly/memory.h"

namespace tocsin::anomaly {
namespace {

constexpr float kGapMax = 6;      // steps: evidence from before a longer gap does not count
constexpr float kGapCounted = 3;  // steps of a gap that count as back in the band
constexpr float kMeanPoints = 12;
constexpr float kWeightMax = 6;  // of a point in that mean
constexpr float kForgotten = 1e-3F;
constexpr float kHoldShareMin = 0.04F;
constexpr float kDayMs = 86'400'000;
constexpr int64_t kProfilesKnownMs = 14 * int64_t{86'400'000};

// As many points on finer data would make it hasty, as much time would make it wait: the
// geometric mean, points / sqrt(weight). One point is never enough.
bool LastsLongEnough(const Constants& constants, const Pace& pace, float hot_points) {
  const float needed = constants.page_points;
  return hot_points > 1 && hot_points * hot_points * pace.weight >= needed * needed;
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

void Open(SeriesModel& model, const Constants& constants, const Pace& pace,
          const Prediction& prediction, const Evidence& evidence) {
  IncidentState& incident = model.incident;
  incident.open = 1;
  incident.picked = prediction.picked;
  incident.offset = prediction.offset;
  const Envelope& usual = model.views.deviation.envelope;
  const float margin = constants.close_margin / 2 * usual.width();
  incident.lower = (usual.low - margin) * prediction.sigma;
  incident.upper = (usual.high + margin) * prediction.sigma;
  incident.frozen = evidence.severity_channel == Channel::kFrozen ? 1 : 0;
  incident.age = incident.inside = incident.hot = 0;
  const float share = std::exp2(-2 * std::max(0.0F, incident.accepted - 0.5F));
  incident.hold =
      (evidence.known ? constants.known_hold : constants.hold) * std::max(kHoldShareMin, share);
  incident.mean = MeanRate(pace) * prediction.residual;
  incident.largest_mean = std::fabs(incident.mean);
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
  const Shape& shape = prediction.shapes[incident.picked];
  if (!shape.known) return;
  const float residual = shape.Residual(x - incident.offset);
  incident.mean += MeanRate(pace) * (residual - incident.mean);
  incident.largest_mean = std::max(incident.largest_mean, std::fabs(incident.mean));
  const bool inside = residual >= incident.lower && residual <= incident.upper &&
                      std::fabs(incident.mean) < constants.close_share * incident.largest_mean;
  const bool still = incident.frozen != 0 && evidence.unchanged;
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
  if (incident.inside >= constants.close_points) {
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
    return {HUGE_VALF, HUGE_VALF};
  }
  const float hot = pace.gap > kGapMax ? 0 : incident.hot;
  return {LastsLongEnough(constants, pace, hot + 1) ? 1 : HUGE_VALF, constants.page_extreme};
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
      Open(model, constants, pace, prediction, evidence);
      step.opened = true;
    }
  }
  return step;
}

}  // namespace tocsin::anomaly
