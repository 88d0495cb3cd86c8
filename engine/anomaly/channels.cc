#include "engine/anomaly/channels.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr float kWidthFloor = 1e-3F;   // of memories in scales
constexpr float kTiny = 1e-30F;        // of memories in the metric's unit
constexpr float kRunFloor = 0.5F;      // of the memory of runs, in log(1 + run)
constexpr float kChangeShare = 0.25F;  // of the usual deviation
constexpr float kFrozenPoints = 6;     // a shorter run is nothing
constexpr float kOftenEqual = 0.2F;    // then neither a run nor a step is anything

inline float Excess(const Envelope& envelope, float x, float floor, Direction direction) {
  float outside = std::max(x - envelope.high, envelope.low - x);
  if (direction != Direction::kBoth) [[unlikely]] {
    outside = direction == Direction::kAbove ? x - envelope.high : envelope.low - x;
  }
  return outside / std::max(envelope.width(), floor);
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
  }
  if (!known && severity > evidence.sudden) {
    evidence.sudden = severity;
    evidence.sudden_channel = channel;
  }
}

// By how much the step exceeds all on its side, in the largest of those. One that is small beside
// the usual deviation does not matter, however smooth the series is.
float ChangeExcess(const ViewState& views, const Prediction& prediction, const Demand& demand) {
  const float step = std::fabs(views.change) * views.change_scale;
  if (step < kChangeShare * prediction.sigma) return 0;
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
  }
}

}  // namespace

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
  const float weight = demand.sensitivity / (demand.bar * (1 + model.incident.accepted));
  evidence.severity *= weight;
  evidence.sudden *= weight;
  return evidence;
}

}  // namespace tocsin::anomaly
