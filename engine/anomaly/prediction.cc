#include "engine/anomaly/prediction.h"

#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kHour = 3600;
constexpr int64_t kQuarter = 900;
constexpr int64_t kThursday = 3;  // 1970-01-01, if Monday is 0

// Half an hour either way: a step at the full hour is within it on both sides.
constexpr float kWeeklyReach = 0.5F;  // hours
constexpr float kDeviationMax = 1000;
constexpr uint64_t kFirstPoints = 20;  // residuals of these are learned as they are
constexpr uint64_t kHourlyFrom = 200;  // points before scales by hour count
constexpr int kFirstDailyVisits = 6;   // points of a slot that are learned unclipped
constexpr int kFirstWeeklyVisits = 12;

int64_t Floor(int64_t value, int64_t unit) {
  return value / unit - static_cast<int64_t>(value % unit < 0);
}

bool Flat(float least, float most, const PatternState& pattern, const Constants& constants) {
  return most - least <= constants.steep * pattern.scale;
}

Shape DailyShape(const PatternState& pattern, const Constants& constants, int slot) {
  Shape shape;
  if (pattern.daily_seen[slot] == 0) return shape;
  const int before = slot == 0 ? kDailySlots - 1 : slot - 1;
  const int after = slot == kDailySlots - 1 ? 0 : slot + 1;
  const float centre = pattern.daily[slot];
  shape = {true, centre, centre, centre};
  if (pattern.daily_seen[before] == 0 || pattern.daily_seen[after] == 0) return shape;
  const float least = std::min({pattern.daily[before], centre, pattern.daily[after]});
  const float most = std::max({pattern.daily[before], centre, pattern.daily[after]});
  if (!Flat(least, most, pattern, constants)) {
    shape.least = least;
    shape.most = most;
  }
  return shape;
}

// Between the middles of hours the profile is a straight line.
Shape WeeklyShape(const PatternState& pattern, const Constants& constants, int hour,
                  float into_hour) {
  Shape shape;
  if (pattern.weekly_seen[hour] == 0) return shape;
  const int before = hour == 0 ? kWeeklySlots - 1 : hour - 1;
  const int after = hour == kWeeklySlots - 1 ? 0 : hour + 1;
  const float middle = pattern.weekly[hour];
  shape = {true, middle, middle, middle};
  if (pattern.weekly_seen[before] == 0 || pattern.weekly_seen[after] == 0) return shape;
  const float left = pattern.weekly[before];
  const float right = pattern.weekly[after];
  const auto at = [=](float hours) {
    return hours < 0 ? middle - hours * (left - middle) : middle + hours * (right - middle);
  };
  const float now = at(into_hour);
  const float early = at(into_hour - kWeeklyReach);
  const float late = at(into_hour + kWeeklyReach);
  const float least = std::min({middle, early, late});
  const float most = std::max({middle, early, late});
  shape = {true, now, now, now};
  if (!Flat(least, most, pattern, constants)) {
    shape.least = least;
    shape.most = most;
  }
  return shape;
}

float Clip(float x, float bound) {
  return std::clamp(x, -bound, bound);
}

// A plain mean of the first visits, then a running one. Outliers are clipped once the slot is
// known.
void LearnSlot(float& slot, uint8_t& seen, float target, float rate, float bound, int unclipped) {
  if (seen == 0) {
    slot = target;
  } else {
    const float error = target - slot;
    const float share = std::max(rate, 1 / static_cast<float>(seen + 1));
    slot += share * (seen < unclipped ? error : Clip(error, bound));
  }
  if (seen < UINT8_MAX) ++seen;
}

void LearnScales(PatternState& pattern, const Constants& constants, const Pace& pace, int hour,
                 float residual, bool early) {
  const float size = std::fabs(residual);
  const bool clip = !early && pattern.scale > 0;
  const float clipped = clip ? std::min(size, constants.clip_scales * pattern.scale) : size;
  pattern.scale += pace.Rate(constants.scale_rate) * (clipped - pattern.scale);
  float& hourly = pattern.hourly_scale[hour];
  if (hourly == 0) {
    hourly = pattern.scale;
  } else {
    hourly += std::min(1.0F, constants.hourly_scale_rate * pace.weight) * (clipped - hourly);
  }
}

bool Eligible(uint32_t predictor, Seasonality seasonality, const Constants& constants, float days) {
  switch (predictor) {
    case kDailyPredictor:
      return days >= constants.daily_days &&
             (seasonality == Seasonality::kAuto || seasonality == Seasonality::kDaily);
    case kWeeklyPredictor:
      return days >= constants.weekly_days &&
             (seasonality == Seasonality::kAuto || seasonality == Seasonality::kWeekly);
    default:
      return true;
  }
}

}  // namespace

Slots::Slots(int64_t local_seconds) {
  const int64_t day = Floor(local_seconds, kDay);
  const int64_t second = local_seconds - day * kDay;
  const int64_t week_day = ((day + kThursday) % 7 + 7) % 7;
  quarter = static_cast<int>(second / kQuarter);
  day_hour = static_cast<int>(second / kHour);
  week_hour = static_cast<int>(week_day) * 24 + day_hour;
  into_hour = static_cast<float>(second % kHour) / static_cast<float>(kHour) - 0.5F;
}

Prediction Predict(const SeriesModel& model, const Constants& constants, Seasonality seasonality,
                   const Pace& pace, const Slots& slots, float x) {
  const PatternState& pattern = model.pattern;
  Prediction prediction;
  prediction.shapes[kLevelPredictor] = {true, 0, 0, 0};
  prediction.shapes[kDailyPredictor] = DailyShape(pattern, constants, slots.quarter);
  prediction.shapes[kWeeklyPredictor] =
      WeeklyShape(pattern, constants, slots.week_hour, slots.into_hour);
  for (uint32_t i = 0; i < kPredictors; ++i) {
    const Shape& shape = prediction.shapes[i];
    prediction.eligible[i] = shape.known && Eligible(i, seasonality, constants, pace.days);
    prediction.residuals[i] =
        shape.known ? shape.Residual(x - pattern.offset[i]) : prediction.residuals[i - 1];
  }
  prediction.picked = prediction.eligible[pattern.picked] ? pattern.picked : kLevelPredictor;
  prediction.offset = pattern.offset[prediction.picked];
  prediction.expected = prediction.shape().centre + prediction.offset;
  prediction.residual = prediction.residuals[prediction.picked];
  const float hourly = pattern.hourly_scale[slots.day_hour];
  const bool by_hour = model.points >= kHourlyFrom && hourly > 0;
  prediction.sigma = by_hour ? (pattern.scale + hourly) / 2 : pattern.scale;
  const float unbounded = prediction.sigma > 0       ? prediction.residual / prediction.sigma
                          : prediction.residual == 0 ? 0.0F
                          : prediction.residual > 0  ? 50.0F
                                                     : -50.0F;
  prediction.deviation = Clip(unbounded, kDeviationMax);
  return prediction;
}

void LearnPattern(SeriesModel& model, const Constants& constants, const Pace& pace,
                  const Slots& slots, const Prediction& prediction, float x, bool learn) {
  PatternState& pattern = model.pattern;
  // Errors count against the middle of what is expected, so that a wide edge does not win.
  float centred = 0;
  for (uint32_t i = 0; i < kPredictors; ++i) {
    const Shape& shape = prediction.shapes[i];
    if (shape.known) centred = x - shape.centre - pattern.offset[i];
    pattern.error[i] += pace.Rate(constants.error_rate) * (std::fabs(centred) - pattern.error[i]);
  }
  if (!learn) return;
  const bool early = model.points < kFirstPoints;
  // From the middle of an edge too: counted as nothing, it would make more and more look like one.
  LearnScales(pattern, constants, pace, slots.day_hour, x - prediction.expected, early);
  const float residual = x - pattern.offset[kLevelPredictor];
  const float bound = constants.clip_scales * model.views.scale6;
  const bool clip = !early && bound > 0;
  pattern.offset[kLevelPredictor] +=
      pace.Rate(constants.level_rate) * (clip ? Clip(residual, bound) : residual);

  // A profile that has seen its pattern does not take the fault of an open incident for part of it.
  const bool open = model.incident.open != 0;
  const auto fault = [&](float days) { return open && pace.days > days ? model.incident.mean : 0; };
  const float profile_bound = constants.profile_clip_scales * pattern.scale;
  const float step = model.step_s;
  LearnSlot(pattern.daily[slots.quarter], pattern.daily_seen[slots.quarter],
            x - pattern.offset[kDailyPredictor] - fault(3),
            constants.daily_rate * std::min(1.0F, step / static_cast<float>(kQuarter)),
            profile_bound, kFirstDailyVisits);
  LearnSlot(pattern.weekly[slots.week_hour], pattern.weekly_seen[slots.week_hour],
            x - pattern.offset[kWeeklyPredictor] - fault(14),
            constants.weekly_rate * std::min(1.0F, step / static_cast<float>(kHour)), profile_bound,
            kFirstWeeklyVisits);
  const float offset_rate = std::min(1.0F, constants.offset_rate * pace.weight);
  const float offset_bound = constants.clip_scales * pattern.scale;
  // From the second round on: before, a profile takes in the level too.
  if (pace.days > 1) {
    pattern.offset[kDailyPredictor] +=
        offset_rate * Clip(prediction.residuals[kDailyPredictor], offset_bound);
  }
  if (pace.days > 7) {
    pattern.offset[kWeeklyPredictor] +=
        offset_rate * Clip(prediction.residuals[kWeeklyPredictor], offset_bound);
  }
}

bool PickPredictor(SeriesModel& model, const Constants& constants, const Prediction& prediction) {
  PatternState& pattern = model.pattern;
  const uint32_t before = prediction.picked;
  uint32_t best = before;
  for (uint32_t i : {kDailyPredictor, kWeeklyPredictor}) {
    if (prediction.eligible[i] && pattern.error[i] < constants.better * pattern.error[best]) {
      best = i;
    }
  }
  if (before != kLevelPredictor &&
      pattern.error[kLevelPredictor] < constants.worse * pattern.error[best]) {
    best = kLevelPredictor;
  }
  if (best == before) return false;
  pattern.picked = best;
  if (best < before || !(pattern.error[before] > 0)) return false;
  const float shrunk = pattern.error[best] / pattern.error[before];
  pattern.scale *= shrunk;
  for (float& scale : pattern.hourly_scale) scale *= shrunk;
  const uint32_t bit = 1U << best;
  const bool first = (pattern.used & bit) == 0;
  pattern.used |= bit;
  return first;
}

}  // namespace tocsin::anomaly
