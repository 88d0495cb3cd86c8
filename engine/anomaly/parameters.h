#pragma once

#include "engine/anomaly/options.h"

namespace tocsin::anomaly {

// The constants of the detector: few, and none knows a metric. Each sits on a plateau: a change by
// 15 % of all of them at once moves the scores by about two points (tests/anomaly/report.cc).
//
// "Points" are points of five-minute data. On finer data they last as long (and are more), on
// coarser data a memory is the geometric mean of as many points and as much time (Pace).
struct Parameters {
  // Prediction. Rates are shares taken over per point, or per visit of a slot.
  float level_rate = 0.005F;
  float offset_rate = 0.005F;  // how fast a profile as a whole follows the series
  float daily_rate = 0.3F;     // a slot of 15 minutes, per day
  float weekly_rate = 0.25F;   // an hour of the week, per week
  float error_rate = 0.003F;   // errors of the predictors: about a day
  float better = 0.85F;        // a longer pattern takes over when its error is below this share
  float worse = 0.7F;          // and gives way to the plain level when that one's is below this
  float daily_days = 2;        // a pattern is eligible after so many days
  float weekly_days = 8;
  float steep = 4;  // an edge of the pattern: that many scales within three slots

  // Scales: the usual size of a residual. A residual is clipped before it is learned.
  float scale_rate = 0.001F;
  float hourly_scale_rate = 0.005F;
  float clip_scales = 6;
  float profile_clip_scales = 12;

  // Long memory: half-lives in points. What is outside is taken in at once.
  float range_half_life = 16000;
  float level_half_life = 20000;
  float density_half_life = 4000;
  float density_rate = 0.007F;
  float density_floor = 0.08F;  // a density is measured against at least this width

  // Short memory. What is outside is taken in slowly and late, so that repeated faults page several
  // times and a ramp does not hide itself.
  float short_half_life = 2000;
  float short_growth = 0.15F;  // widths per point outside
  float short_share = 0.2F;    // or this share of what is outside, if more
  float lag = 24;              // points before a deviation is learned, and up to twice that
  float switch_limit = 8;  // scales that a short memory may span when a better pattern takes over
  float relearn_days = 1;  // and for so long it takes in at once what is outside

  // Thresholds: excess over the memory, in its widths, that is a score of 1.
  float range_threshold = 0.042F;
  float level_threshold = 0.24F;
  float density6_threshold = 0.042F;
  float density3_threshold = 0.12F;
  float frozen_threshold = 0.42F;

  // Opening an incident: evidence is the excess over short memory in these units.
  float page_deviation = 0.32F;
  float page_drift = 0.48F;
  float page_change = 0.4F;
  float page_frozen = 0.28F;
  float page_points = 1.5F;    // evidence of 1 must last longer than so many points
  float page_extreme = 2.5F;   // or what long memory has not seen is so large once
  float first_weekend = 8;     // times so much on the first weekend of a series
  float severe_per_score = 8;  // evidence of so much is a score of 1
  float warm_points = 100;     // a series is learning for so many points
  float warm_days = 2;         // and days

  // Keeping it open.
  float quarantine = 4;       // points for which profile, scales and short memory learn nothing
  float close_points = 12;    // back in the band for so many points, and their mean is back
  float close_margin = 0.3F;  // widths by which the band is wider for that
  float close_share = 0.5F;   // the mean deviation is below this share of its largest
  float hold = 300;           // points after which the new level is accepted
  float known_hold = 48;      // the same if long memory has seen such a deviation
  float accepted_half_life = 8000;  // for so long a series that changes its level is paged less
  float rest = 72;                  // points between a close and the next page
  float regime_days = 7;            // the level before an accepted one is remembered for so long
  float regime_scales = 4;          // and recognised within so many scales
};

Parameters ParametersOf(Preset preset);

// The same, with what follows from them at hand: shares forgotten per point.
struct Constants : Parameters {
  explicit Constants(const Parameters& parameters);

  float range_decay;
  float level_decay;
  float density_decay;
  float short_decay;
  float accepted_decay;
};

}  // namespace tocsin::anomaly
