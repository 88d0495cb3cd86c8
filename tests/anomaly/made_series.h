#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace tocsin::anomaly {

// Numbers that are the same everywhere, from a seed.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  double Uniform(double low, double high);
  double Normal();
  double Exponential();
  double HeavyTailed();  // Student's t with four degrees of freedom
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }

 private:
  std::mt19937_64 engine_;
};

inline constexpr int kStep = 300;     // seconds between rows
inline constexpr int kDayRows = 288;  // at that step
inline constexpr int kWeekRows = 7 * kDayRows;
inline constexpr int64_t kMonday = 1'707'696'000;  // 2024-02-12 00:00 UTC, of the first row

inline int64_t RowTime(size_t row) {
  return (kMonday + static_cast<int64_t>(row) * kStep) * 1000;
}

// A series without faults, and the usual size of its noise at each row.
struct MadeSeries {
  std::vector<double> values;
  std::vector<double> noise;
};

struct Kind {
  std::string name;
  std::function<MadeSeries(Dice&, int rows)> make;
};

// Ten kinds: tides, shop_week, collector, jobs, slow_walk, success_rate, leaders, connections,
// bursts, hourly_jobs.
std::vector<Kind> Kinds();

struct Fault {
  std::string name;
  int rows;
  int accepted_rows;  // an incident has to open within so many
  bool lasting;       // it has to be held open, too
  std::function<void(std::vector<double>& values, const std::vector<double>& noise, int begin,
                     int end, Dice&)>
      apply;
};

// Eight faults: half, spikes, leak_12h, step_6, drop_6, step_12, oscillation, gone.
std::vector<Fault> Faults();
bool Fits(const Kind& kind, const Fault& fault);

// A stand-in for business metrics: eight weeks of a noisy, mostly seasonal series with short
// repeated faults of 10 to 60 minutes, about two a week.
struct FaultySeries {
  std::vector<double> values;
  std::vector<std::pair<int, int>> faults;  // [begin, end) rows
};
FaultySeries MakeBusinessSeries(uint64_t seed);

}  // namespace tocsin::anomaly
