#pragma once

#include <cstdint>

#include "engine/anomaly/channels.h"
#include "engine/anomaly/pace.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/prediction.h"
#include "engine/anomaly/series_model.h"
#include "engine/anomaly/verdict.h"

namespace tocsin::anomaly {

// The incident of a series: one page for one cause.
//
// It opens when evidence of 1 lasts, or once when it is extreme and new, and then compares with
// what was expected when it opened, however the model learns on. So a fault that lasts stays
// visible, and its end is not another page: the level from before comes back with it. It closes
// when the series is back, or after a day, when the new level is accepted; for a week the old one
// is remembered, and a return to it does not page either. What long memory knows is accepted after
// hours, and sooner in a series whose levels keep being accepted, which also has to show more each
// time: time in alarm is bounded.
struct IncidentStep {
  bool opened = false;
  Close close = Close::kNotClosed;
};

// The evidence that would open an incident with this point; infinite if none can.
struct Needed {
  float severity;  // because it lasts: 1 after points of evidence
  float sudden;    // because long memory has not seen it; on fine data it lasts some minutes
  float step;      // the same of a step, which is one point

  bool MetBy(const Evidence& evidence) const {
    const bool is_step = evidence.sudden_channel == Channel::kChange;
    return evidence.severity >= severity || evidence.sudden >= (is_step ? step : sudden);
  }
  Channel ChannelOf(const Evidence& evidence) const {
    return evidence.severity >= severity ? evidence.severity_channel : evidence.sudden_channel;
  }
};
Needed NeededToOpen(const SeriesModel& model, const Constants& constants, const Pace& pace,
                    bool learning);

// `needed` is what NeededToOpen() gave for this point.
IncidentStep FollowIncident(SeriesModel& model, const Constants& constants, const Pace& pace,
                            const Prediction& prediction, const Evidence& evidence,
                            const Needed& needed, float x);

// The open incident, if there is one, ends now: memory takes in what it was like.
void ForgiveIncident(SeriesModel& model, const Constants& constants);
// It ends, and where the series is now is what is expected; the level before is remembered.
void AcceptIncident(SeriesModel& model, const Constants& constants);

}  // namespace tocsin::anomaly
