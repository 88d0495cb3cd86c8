#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/anomaly/detector.h"
#include "tests/anomaly/made_series.h"
#include "tests/anomaly/nab.h"

namespace tocsin::anomaly {

// What the detector said about each point of a series.
struct Run {
  std::vector<float> scores;
  std::vector<State> states;
  std::vector<int> openings;

  // Share of rows in alarm from row `begin` on, before `end`.
  double AlarmShare(size_t begin, size_t end) const;
};
Run RunDetector(const Detector& detector, const std::vector<int64_t>& times_ms,
                const std::vector<double>& values);
// Rows five minutes apart.
Run RunDetector(const Detector& detector, const std::vector<double>& values);

// Clean series: two weeks to learn, then six that are watched.
struct CleanMeasure {
  std::map<std::string, double> pages_per_week;  // by kind
  double pages_mean = 0;
  double pages_worst = 0;
  double alarm_share = 0;
};
CleanMeasure MeasureClean(const Detector& detector, int seeds);

// Faults in the fourth week, watched until two days after their end.
struct FaultMeasure {
  struct One {
    int series = 0;
    int found = 0;
    int delay = 0;  // rows, sum over those found
    int pages = 0;
  };
  std::map<std::string, One> faults;
  double found = 0;  // mean of the faults, share
  double pages = 0;  // per fault found
  double held = 0;   // share of the lasting ones that stay in alarm for 80 % of their time left
};
FaultMeasure MeasureFaults(const Detector& detector, int seeds);

// Short repeated faults.
struct BusinessMeasure {
  double found = 0;           // share of faults during which an incident opens
  double false_per_week = 0;  // other openings
};
BusinessMeasure MeasureBusiness(const Detector& detector, int series);

struct NabMeasure {
  std::array<double, 3> best;    // rested 36 rows, best threshold per profile
  std::array<double, 3> at_one;  // at a score of 1
  std::array<double, 3> pages;   // openings only
  NabTally pages_tally;
  int windows = 0;
  std::array<int, 3> within;  // windows found at 0.1, 0.25 and 0.5 false alarms a week
  double weeks = 0;
  double alarm_share = 0;
};
NabMeasure MeasureNab(const Detector& detector, const std::vector<NabSeries>& corpus);

// Best NAB scores with all constants scattered by 15 %, sorted, per profile.
std::array<std::vector<double>, 3> JitterNab(const std::vector<NabSeries>& corpus, int draws);

}  // namespace tocsin::anomaly
