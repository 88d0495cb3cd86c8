#pragma once

namespace tocsin::anomaly {

// The constants of the detector. Few, and none knows a metric. "Points" are points of five-minute
// data: on finer data they last as long, on coarser data they are as many (Pace).
struct Parameters {
  // Learning, per point.
  float level_rate = 0.02F;   // level of the plain predictor, and of the densities
  float offset_rate = 0.01F;  // offset of a profile
  float daily_rate = 0.05F;   // a slot of the daily profile
  float weekly_rate = 0.05F;  // a slot of the weekly profile
  float error_rate = 0.003F;  // errors of the predictors
  float scale_rate = 0.002F;  // scales
  float hourly_scale_rate = 0.005F;

  float better = 0.9F;  // a predictor takes over with an error below this share
  float steep = 4;      // an edge of the profile, in scales

  // Envelopes: half-lives in points, growth in widths.
  float range_half_life = 16000;
  float range_growth = 10;
  float level_half_life = 20000;
  float density_half_life = 4000;
  float short_half_life = 700;
  float short_growth = 0.1F;

  // Thresholds on the excess: score 1.
  float range_theta = 0.039F;
  float level_theta = 0.064F;
  float density6_theta = 0.035F;
  float density3_theta = 0.12F;
  float short_theta = 2.5F;
  float drift_theta = 2.5F;
  float frozen_theta = 0.35F;
  float density_floor = 0.02F;

  float warm = 100;
  float lag = 12;

  // paging
  float page_short = 0.4F;
  float page_drift = 0.6F;
  float page_range = 0.3F;
  float page_level = 0.6F;
  float page_density = 1.0F;
  float page_frozen = 0.35F;
  float extreme = 3;
  float needed = 3;
};

}  // namespace tocsin::anomaly
