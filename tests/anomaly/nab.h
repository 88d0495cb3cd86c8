#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::anomaly {

// The rules of the Numenta Anomaly Benchmark, version 1.1, and series labelled for it.
//
// The first min(15 % of rows, 750) rows are not scored. With s(x) = 2 / (1 + e^(5x)) - 1 a window
// that is hit earns s(x) / s(-1) for its earliest hit, x running from -1 at its left edge to 0 at
// the right; a missed one costs `missed`; each hit outside costs `fals` times -s(d), d being the
// distance behind the last window in its widths (full price beyond 3, or if there was none).
// Score = 100 (raw - null) / (perfect - null).
struct NabProfile {
  const char* name;
  double fals;
  double missed;
};
inline constexpr std::array<NabProfile, 3> kNabProfiles = {
    {{"standard", 0.11, 1}, {"low FP", 0.22, 1}, {"low FN", 0.11, 2}}};

struct NabSeries {
  std::string name;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<int> window_of;  // number of the window a row is in, kOutside or kIgnored
  std::vector<double> worth;   // of a hit there
  int windows = 0;             // that are scored
  double weeks = 0;            // that are scored

  static constexpr int kOutside = -1;
  static constexpr int kIgnored = -2;
};

// All series of a folder with windows.json; none if it cannot be read.
std::vector<NabSeries> LoadNab(const std::string& folder);

// What hits are worth.
struct NabTally {
  int windows = 0;
  int found = 0;
  int fals = 0;
  double gain = 0;
  double blame = 0;

  void Add(const NabSeries& series, const std::vector<int>& hits);
  double Score(const NabProfile& profile) const;
};

// Rows with a score of `threshold` or more, each followed by 36 rows in which nothing counts.
std::vector<int> RestedHits(const std::vector<float>& scores, double threshold);
// The same, with six hours of rest.
std::vector<int> SixHourHits(const NabSeries& series, const std::vector<float>& scores,
                             double threshold);

// The best score over all thresholds, per profile.
std::array<double, 3> BestScores(const std::vector<NabSeries>& corpus,
                                 const std::vector<std::vector<float>>& scores);

// Most windows that are found with at most `budget` false alarms per series-week.
int WindowsWithin(const std::vector<NabSeries>& corpus,
                  const std::vector<std::vector<float>>& scores, double budget);

}  // namespace tocsin::anomaly
