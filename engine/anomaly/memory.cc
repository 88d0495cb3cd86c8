#include "engine/anomaly/memory.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr float kAtOnce = 1e6F;        // growth in widths
constexpr uint64_t kFirstPoints = 20;  // distances of these are learned as they are
constexpr float kGrowthPoints = 40;    // points outside that count at most

// Long memory without a lag.
inline void LearnAtOnce(Envelope& envelope, float x, float decay, const Pace& pace) {
  if (pace.newest == 1) envelope.Start(x);
  envelope.Cover(x, x);
  envelope.Shrink(x, decay * pace.weight);
}

struct Lesson {
  float decay;   // share forgotten per point
  float growth;  // widths per point outside
  float share;
  bool at_once;
};

inline void LearnLate(LaggedEnvelope& memory, float x, const Lesson& lesson, const Pace& pace,
                      const Constants& constants, bool warm, bool learn) {
  if (pace.points <= constants.warm_points / 2 || pace.newest == 1) {
    memory.Start(x);
    return;
  }
  memory.envelope.Shrink(x, lesson.decay * pace.weight);
  if (!warm) {
    memory.envelope.Cover(x, x);
  } else if (learn) {
    memory.Add(x);
  }
}

void TakeIn(LaggedEnvelope& memory, const Lesson& lesson, const Pace& pace) {
  if (!memory.waiting.empty()) {
    if (lesson.at_once) {
      memory.envelope.Cover(memory.waiting.least, memory.waiting.most);
    } else {
      const float points = std::min(kGrowthPoints, memory.waiting_outside * pace.weight);
      memory.envelope.Approach(memory.waiting.least, memory.waiting.most,
                               std::pow(1 + lesson.growth, points) - 1, lesson.share);
    }
  }
  memory.Turn();
}

void LearnSpread(SeriesModel& model, const Constants& constants, const Pace& pace, float x) {
  ViewState& views = model.views;
  const float distance = std::fabs(x - model.pattern.offset[kLevelPredictor]);
  const bool early = model.points < kFirstPoints;
  const auto clip = [&](float scale, float scales) {
    return early || scale == 0 ? distance : std::min(distance, scales * scale);
  };
  const float rate = pace.Rate(constants.scale_rate);
  views.scale6 += rate * (clip(views.scale6, 6) - views.scale6);
  views.scale3 += rate * (clip(views.scale3, 3) - views.scale3);
}

}  // namespace

void LearnViews(SeriesModel& model, const Constants& constants, const Pace& pace,
                const Prediction& prediction, float x, bool warm, bool eager, bool learn) {
  ViewState& views = model.views;
  LearnAtOnce(views.range, prediction.residual, constants.range_decay, pace);
  LearnAtOnce(views.level6, views.mean6, constants.level_decay, pace);
  LearnAtOnce(views.level60, views.mean60, constants.level_decay, pace);
  LearnAtOnce(views.dense6, views.density6, constants.density_decay, pace);
  LearnAtOnce(views.dense3, views.density3, constants.density_decay, pace);
  views.runs.Shrink(0, constants.level_decay * pace.weight);

  const Lesson recent = {constants.short_decay, constants.short_growth, constants.short_share,
                         eager};
  const Lesson ever = {constants.range_decay, kAtOnce, 1, true};
  LearnLate(views.deviation, prediction.deviation, recent, pace, constants, warm, learn);
  LearnLate(views.drifts, views.drift, recent, pace, constants, warm, learn);
  LearnLate(views.long_deviation, prediction.deviation, ever, pace, constants, warm, learn);
  LearnLate(views.long_drifts, views.drift, ever, pace, constants, warm, learn);
  LearnLate(views.long_changes, views.change, ever, pace, constants, warm, learn);
  if (!learn) return;
  LearnSpread(model, constants, pace, x);
  if (!warm) return;
  views.block += pace.weight;
  if (views.block < constants.lag) return;
  views.block = 0;
  TakeIn(views.deviation, recent, pace);
  TakeIn(views.drifts, recent, pace);
  TakeIn(views.long_deviation, ever, pace);
  TakeIn(views.long_drifts, ever, pace);
  TakeIn(views.long_changes, ever, pace);
}

void LearnIncident(SeriesModel& model, const Constants& constants) {
  ViewState& views = model.views;
  const Extremes& deviations = model.incident.deviations;
  const Extremes& drifts = model.incident.drifts;
  views.deviation.envelope.Approach(deviations.least, deviations.most, constants.short_growth,
                                    constants.short_share);
  views.drifts.envelope.Approach(drifts.least, drifts.most, constants.short_growth,
                                 constants.short_share);
  views.long_deviation.envelope.Cover(deviations.least, deviations.most);
  views.long_drifts.envelope.Cover(drifts.least, drifts.most);
  views.long_changes.envelope.Cover(model.incident.changes.least, model.incident.changes.most);
  for (LaggedEnvelope* memory :
       {&views.deviation, &views.drifts, &views.long_deviation, &views.long_drifts}) {
    memory->Forget();
  }
  views.drift = 0;
}

void LimitMemory(SeriesModel& model, const Constants& constants) {
  ViewState& views = model.views;
  for (LaggedEnvelope* memory : {&views.deviation, &views.long_deviation}) {
    memory->envelope.Limit(constants.switch_limit);
    memory->Forget();
  }
  for (LaggedEnvelope* memory : {&views.drifts, &views.long_drifts}) {
    memory->envelope.Limit(constants.switch_limit / 2);
    memory->Forget();
  }
  views.drift = 0;
}

}  // namespace tocsin::anomaly
