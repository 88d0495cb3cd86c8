#include "engine/anomaly/detector.h"

#include <algorithm>
#include <cmath>

#include "engine/anomaly/channels.h"
#include "engine/anomaly/incident.h"
#include "engine/anomaly/memory.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/views.h"

namespace tocsin::anomaly {
namespace {

constexpr double kSecondsPerDay = 86400;
constexpr uint64_t kPointsMin = 40;  // before a series is judged, however coarse it is
constexpr double kFarthest = 1e30;   // from the first value: sums stay finite in single precision

// Days in which half of such a memory is forgotten, or the age of the series if that is less.
double MemoryDays(const SeriesModel& model, const Pace& pace, float half_life) {
  const double points = half_life / pace.weight;
  return std::min<double>(pace.days, points * model.step_s / kSecondsPerDay);
}

State StateOf(const SeriesModel& model, bool learning) {
  if (model.incident.open != 0) return State::kAlarm;
  return learning ? State::kLearning : State::kOk;
}

// Values outside have a score of 1 by themselves: by long memory, and by short memory where it may
// open an incident. Before the point is learned.
struct Band {
  float lower;
  float upper;
};

Band BandOf(const SeriesModel& model, const Constants& constants, const Prediction& prediction,
            const Demand& demand, const Needed& needed) {
  const ViewState& views = model.views;
  const float reach = constants.range_threshold / demand.sensitivity * views.range.width();
  Band band = {views.range.low - reach, views.range.high + reach};
  const Envelope& usual = views.deviation.envelope;
  const float unit = constants.page_deviation * demand.bar * (1 + model.incident.accepted) /
                     demand.sensitivity * usual.width();
  const auto narrow = [&](float low, float high) {
    band.lower = std::max(band.lower, low * prediction.sigma);
    band.upper = std::min(band.upper, high * prediction.sigma);
  };
  if (std::isfinite(needed.severity)) {
    narrow(usual.low - needed.severity * unit, usual.high + needed.severity * unit);
  }
  if (std::isfinite(needed.sudden)) {
    const Envelope& ever = views.long_deviation.envelope;
    narrow(std::min(ever.low, usual.low - needed.sudden * unit),
           std::max(ever.high, usual.high + needed.sudden * unit));
  }
  band.lower = std::min(band.lower, -demand.deviation_min);
  band.upper = std::max(band.upper, demand.deviation_min);
  return {prediction.shape().least + prediction.offset + band.lower,
          prediction.shape().most + prediction.offset + band.upper};
}

// What the reason needs of memory, before the point is learned.
void Remember(const SeriesModel& model, const Constants& constants, const Pace& pace,
              const Prediction& prediction, Verdict& verdict) {
  const ViewState& views = model.views;
  const bool above = prediction.residual >= 0;
  const auto side = [above](const Envelope& envelope) {
    return std::max(0.0F, above ? envelope.high : -envelope.low);
  };
  verdict.run_points = views.run;
  switch (verdict.channel) {
    case Channel::kDeviation:
      verdict.largest_before = side(views.deviation.envelope) * prediction.sigma;
      verdict.memory_days = MemoryDays(model, pace, constants.short_half_life);
      break;
    case Channel::kDrift:
      verdict.largest_before = side(views.drifts.envelope) * prediction.sigma;
      verdict.memory_days = MemoryDays(model, pace, constants.short_half_life);
      break;
    default:
      verdict.largest_before = side(views.range);
      verdict.memory_days = MemoryDays(model, pace, constants.range_half_life);
      break;
  }
}

// A Saturday or Sunday of a series that began on a working day of this week: whether it has a week
// cannot be known.
bool FirstWeekend(const Slots& slots, float days) {
  constexpr float kWorkingHours = 120;  // Monday to Friday
  const float hour = static_cast<float>(slots.week_hour);
  const float since_start = 24 * days;
  return hour >= kWorkingHours && since_start > hour - kWorkingHours && since_start <= hour + 1;
}

}  // namespace

Detector::Detector(const DetectorOptions& options)
    : Detector(options, ParametersOf(options.preset)) {}

Detector::Detector(const DetectorOptions& options, const Parameters& parameters)
    : options_(options), constants_(parameters), clock_(options.time_zone) {}

absl::Status Detector::Validate(const DetectorOptions& options) {
  if (!(options.sensitivity > 0) || !std::isfinite(options.sensitivity)) {
    return absl::InvalidArgumentError("sensitivity must be above 0");
  }
  if (!(options.deviation_min >= 0) || !std::isfinite(options.deviation_min)) {
    return absl::InvalidArgumentError("deviation_min must not be negative");
  }
  if (!(options.relative_deviation_min >= 0) || !std::isfinite(options.relative_deviation_min)) {
    return absl::InvalidArgumentError("relative_deviation_min must not be negative");
  }
  return absl::OkStatus();
}

Verdict Detector::Update(SeriesModel& model, int64_t time_ms, double value,
                         const Circumstances& circumstances) const {
  const bool first = model.points == 0;
  if (!std::isfinite(value) || (!first && time_ms <= model.last_ms)) {
    Verdict verdict;
    verdict.value = value;
    verdict.state = StateOf(model, model.learned == 0);
    return verdict;
  }
  if (first) model.origin = value;
  const double relative = std::clamp(value - model.origin, -kFarthest, kFarthest);
  Verdict verdict = Judge(model, time_ms, static_cast<float>(relative), circumstances);
  verdict.value = value;
  return verdict;
}

void Detector::Forgive(SeriesModel& model) const {
  ForgiveIncident(model, constants_);
}

void Detector::Accept(SeriesModel& model) const {
  AcceptIncident(model, constants_);
}

Verdict Detector::Judge(SeriesModel& model, int64_t time_ms, float x,
                        const Circumstances& circumstances) const {
  const Pace pace = NextPace(model, time_ms);
  const int64_t local_s = clock_.LocalSeconds(time_ms, model.zone_hint);
  const Slots slots(local_s + circumstances.days_later * int64_t{86400});
  const Prediction prediction = Predict(model, constants_, options_.seasonality, pace, slots, x);
  const double expected = model.origin + static_cast<double>(prediction.expected);
  const bool may_have_weeks =
      options_.seasonality == Seasonality::kAuto || options_.seasonality == Seasonality::kWeekly;
  const Demand demand = {
      options_.direction, static_cast<float>(options_.sensitivity) / circumstances.tolerance,
      static_cast<float>(
          std::max(options_.deviation_min, options_.relative_deviation_min * std::fabs(expected))),
      may_have_weeks && FirstWeekend(slots, pace.days) ? constants_.first_weekend : 1};
  const bool warm = pace.points > constants_.warm_points && model.points >= kPointsMin;
  const bool learning = !warm || pace.days < constants_.warm_days;

  FollowViews(model, constants_, pace, prediction, demand, x);
  const Evidence evidence = Look(model, constants_, pace, prediction, demand, warm);
  const Needed needed = NeededToOpen(model, constants_, pace, learning);
  const Band band = BandOf(model, constants_, prediction, demand, needed);

  Verdict verdict;
  verdict.judged = !learning;
  verdict.expected = expected;
  if (!learning) {
    verdict.lower = model.origin + static_cast<double>(band.lower);
    verdict.upper = model.origin + static_cast<double>(band.upper);
    verdict.score = evidence.score;
    verdict.channel = evidence.score_channel;
  }
  if (needed.MetBy(evidence)) verdict.channel = needed.ChannelOf(evidence);
  if (verdict.score >= 1 || needed.MetBy(evidence)) {
    Remember(model, constants_, pace, prediction, verdict);
  }

  const IncidentStep step =
      FollowIncident(model, constants_, pace, prediction, evidence, needed, x);
  verdict.opened = step.opened;
  verdict.close = step.close;
  if (step.opened) {
    verdict.score = std::max<double>(
        {verdict.score, 1.0,
         std::max(evidence.severity, evidence.sudden) / constants_.severe_per_score});
  }
  const bool learn = model.incident.open == 0 || model.incident.age >= constants_.quarantine;
  const bool eager = learning || model.pattern.relearn_days > 0;
  LearnViews(model, constants_, pace, prediction, x, warm, eager, learn);
  LearnPattern(model, constants_, pace, slots, prediction, x, learn);
  model.pattern.relearn_days =
      std::max(0.0F, model.pattern.relearn_days - pace.step_days * std::min(pace.gap, 3.0F));
  if (model.incident.open == 0 && PickPredictor(model, constants_, prediction)) {
    LimitMemory(model, constants_);
    model.pattern.relearn_days = constants_.relearn_days;
  }
  model.learned = learning ? 0 : 1;
  verdict.state = StateOf(model, learning);
  return verdict;
}

}  // namespace tocsin::anomaly
