#include "engine/anomaly/channels.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr float kDriftClip = 20;      // a single deviation counts no more in their mean
constexpr float kChangeMax = 1e4F;    // usual steps
constexpr float kWidthFloor = 1e-3F;  // of memories in scales
constexpr float kTiny = 1e-30F;       // of memories in the metric's unit
constexpr float kRunFloor = 0.5F;     // of the memory of runs, in log(1 + run)
constexpr float kAtOnce = 1e6F;       // growth in widths
constexpr float kShortMeans = 6;
constexpr float kLongMeans = 60;
constexpr float kFrozenPoints = 6;   // a shorter run is nothing
constexpr float kOftenEqual = 0.2F;  // then a run is nothing either
constexpr uint64_t kSpreadFirstPoints = 20;
constexpr float kGrowthPoints = 40;  // points outside that count at most

inline float Excess(const Envelope& envelope, float x, float floor, Direction direction) {
  float outside = std::max(x - envelope.high, envelope.low - x);
  if (direction != Direction::kBoth) [[unlikely]] {
    outside = direction == Direction::kAbove ? x - envelope.high : envelope.low - x;
  }
  return outside / std::max(envelope.width(), floor);
}

bool Far(float distance, float bound, const Demand& demand) {
  if (demand.direction == Direction::kAbove && distance < 0) return false;
  if (demand.direction == Direction::kBelow && distance > 0) return false;
  return std::fabs(distance) > std::max(bound, demand.deviation_min);
}

float RunLength(const ViewState& views, const Pace& pace) {
  return std::log1p(static_cast<float>(views.run) * pace.weight);
}

void Raise(float& best, Channel& channel, float value, Channel candidate) {
  if (value > best) {
    best = value;
    channel = candidate;
  }
}

float FrozenExcess(const ViewState& views, const Pace& pace, const Demand& demand) {
  if (demand.direction != Direction::kBoth) return 0;
  if (static_cast<float>(views.run) * pace.weight < kFrozenPoints) return 0;
  if (views.equal_share >= kOftenEqual) return 0;
  return views.runs.ExcessAbove(RunLength(views, pace), kRunFloor);
}

void LookBack(const ViewState& views, const Constants& constants, const Prediction& prediction,
              const Demand& demand, float frozen, Evidence& evidence) {
  const auto raise = [&](float excess, float threshold, Channel channel) {
    Raise(evidence.score, evidence.score_channel, excess / threshold, channel);
  };
  if (std::fabs(prediction.residual) >= demand.deviation_min) {
    raise(Excess(views.range, prediction.residual, kTiny, demand.direction),
          constants.range_threshold, Channel::kRange);
  }
  if (std::fabs(views.mean6 - prediction.expected) >= demand.deviation_min) {
    raise(Excess(views.level6, views.mean6, kTiny, demand.direction), constants.level_threshold,
          Channel::kLevel);
    raise(Excess(views.level60, views.mean60, kTiny, demand.direction), constants.level_threshold,
          Channel::kLevel);
  }
  raise(views.dense6.ExcessAbove(views.density6, constants.density_floor),
        constants.density6_threshold, Channel::kDensity);
  raise(views.dense3.ExcessAbove(views.density3, constants.density_floor),
        constants.density3_threshold, Channel::kDensity);
  raise(frozen, constants.frozen_threshold, Channel::kFrozen);
}

// One view against both memories of it.
void Weigh(float view, const LaggedEnvelope& recent, const LaggedEnvelope& ever, float threshold,
           Channel channel, Direction direction, Evidence& evidence) {
  const float severity = Excess(recent.envelope, view, kWidthFloor, direction) / threshold;
  const bool known = ever.envelope.Excess(view, kWidthFloor) < 0;
  if (severity > evidence.severity) {
    evidence.severity = severity;
    evidence.severity_channel = channel;
    evidence.known = known;
  }
  if (!known && severity > evidence.sudden) {
    evidence.sudden = severity;
    evidence.sudden_channel = channel;
  }
}

// By how much the step exceeds all on its side, in the largest of those.
float ChangeExcess(const ViewState& views, const Prediction& prediction, const Demand& demand) {
  const float step = std::fabs(views.change) * views.change_scale;
  if (step < demand.deviation_min || std::fabs(prediction.residual) < demand.deviation_min)
    return 0;
  if (views.equal_share >= kOftenEqual) return 0;
  if (demand.direction == Direction::kAbove && views.change < 0) return 0;
  if (demand.direction == Direction::kBelow && views.change > 0) return 0;
  const Envelope& ever = views.long_changes.envelope;
  const float largest = std::max(1.0F, views.change > 0 ? ever.high : -ever.low);
  return std::fabs(views.change) / largest - 1;
}

void LookClosely(const ViewState& views, const Constants& constants, const Prediction& prediction,
                 const Demand& demand, float frozen, Evidence& evidence) {
  if (std::fabs(prediction.residual) >= demand.deviation_min) {
    Weigh(prediction.deviation, views.deviation, views.long_deviation, constants.page_deviation,
          Channel::kDeviation, demand.direction, evidence);
  }
  if (std::fabs(views.drift) * prediction.sigma >= demand.deviation_min) {
    Weigh(views.drift, views.drifts, views.long_drifts, constants.page_drift, Channel::kDrift,
          demand.direction, evidence);
  }
  const float change = ChangeExcess(views, prediction, demand) / constants.page_change;
  if (change > evidence.sudden) {
    evidence.sudden = change;
    evidence.sudden_channel = Channel::kChange;
  }
  const float standstill = frozen / constants.page_frozen;
  if (standstill > evidence.sudden) {
    evidence.sudden = standstill;
    evidence.sudden_channel = Channel::kFrozen;
  }
  if (standstill > evidence.severity) {
    evidence.severity = standstill;
    evidence.severity_channel = Channel::kFrozen;
    evidence.known = false;
  }
}

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
  const bool early = model.points < kSpreadFirstPoints;
  const auto clip = [&](float scale, float scales) {
    return early || scale == 0 ? distance : std::min(distance, scales * scale);
  };
  const float rate = pace.Rate(constants.scale_rate);
  views.scale6 += rate * (clip(views.scale6, 6) - views.scale6);
  views.scale3 += rate * (clip(views.scale3, 3) - views.scale3);
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
  const bool clip = model.points > kSpreadFirstPoints && views.change_scale > 0;
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
  const bool started = model.points > kSpreadFirstPoints;
  const float far6 = started && Far(distance, 6 * views.scale6, demand) ? 1 : 0;
  const float far3 = started && Far(distance, 3 * views.scale3, demand) ? 1 : 0;
  const float rate = std::min(1.0F, constants.density_rate * pace.weight);
  FollowShare(views.density6, far6, rate);
  FollowShare(views.density3, far3, rate);
}

Evidence Look(const SeriesModel& model, const Constants& constants, const Pace& pace,
              const Prediction& prediction, const Demand& demand, bool warm) {
  Evidence evidence;
  const ViewState& views = model.views;
  evidence.unchanged = views.run > 0;
  if (!warm) return evidence;
  const float frozen = evidence.unchanged ? FrozenExcess(views, pace, demand) : 0;
  LookBack(views, constants, prediction, demand, frozen, evidence);
  LookClosely(views, constants, prediction, demand, frozen, evidence);
  evidence.score *= demand.sensitivity;
  const float weight = demand.sensitivity / (1 + model.incident.accepted);
  evidence.severity *= weight;
  evidence.sudden *= weight;
  return evidence;
}

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
