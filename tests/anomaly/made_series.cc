#include "tests/anomaly/made_series.h"

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {
namespace {

constexpr double kTwoPi = 6.283185307179586;

double DayShare(int row) {
  return (row % kDayRows) / static_cast<double>(kDayRows);
}
double Seconds(int row) {
  return static_cast<double>(row) * kStep;
}
double Bump(double hour, double at, double width) {
  return std::exp(-std::pow((hour - at) / width, 2));
}

// Three harmonics of a day, noise that is heavy-tailed and remembers.
MadeSeries Tides(Dice& dice, int rows) {
  MadeSeries series;
  const double level = dice.Uniform(50, 500);
  double strength[3], phase[3];
  for (int k = 0; k < 3; ++k) {
    strength[k] = dice.Uniform(0.1, 0.35) / (k + 1);
    phase[k] = dice.Uniform(0, kTwoPi);
  }
  const double noise = level * dice.Uniform(0.02, 0.05);
  double x = 0;
  for (int i = 0; i < rows; ++i) {
    double shape = 1;
    for (int k = 0; k < 3; ++k) {
      shape += strength[k] * std::sin(kTwoPi * (k + 1) * DayShare(i) + phase[k]);
    }
    x = 0.6 * x + 0.8 * 0.75 * dice.HeavyTailed();
    series.values.push_back(level * shape + noise * x);
    series.noise.push_back(noise);
  }
  return series;
}

// Busy evenings, busier Saturdays, quiet Sundays; noise in proportion, slow growth.
MadeSeries ShopWeek(Dice& dice, int rows) {
  MadeSeries series;
  const double level = dice.Uniform(100, 2000);
  const double saturday = dice.Uniform(1.2, 1.8), sunday = dice.Uniform(0.5, 0.9);
  const double noise = dice.Uniform(0.03, 0.07);
  for (int i = 0; i < rows; ++i) {
    const double hour = 24 * DayShare(i);
    const int day = i / kDayRows % 7;
    double base = level * (0.15 + Bump(hour, 20, 3.5) + 0.6 * Bump(hour, 11, 2.5));
    base *= day == 5 ? saturday : day == 6 ? sunday : 1;
    base *= 1 + 0.002 * i / kDayRows;
    series.values.push_back(base * std::exp(noise * dice.Normal()));
    series.noise.push_back(base * noise);
  }
  return series;
}

// A sawtooth of a few hours, as memory under a garbage collector.
MadeSeries Collector(Dice& dice, int rows) {
  MadeSeries series;
  const double low = dice.Uniform(20, 40), high = dice.Uniform(60, 90);
  const double rate = (high - low) / dice.Uniform(5000, 14000) * kStep;
  double x = low, limit = high;
  for (int i = 0; i < rows; ++i) {
    x += rate * dice.Uniform(0.5, 1.5);
    if (x > limit) {
      x = low + dice.Uniform(0, 5);
      limit = high * dice.Uniform(0.93, 1);
    }
    series.values.push_back(x + 0.3 * dice.Normal());
    series.noise.push_back(0.35 * (high - low));
  }
  return series;
}

// Busy and idle for random times.
MadeSeries Jobs(Dice& dice, int rows) {
  MadeSeries series;
  const double low = dice.Uniform(3, 8), high = dice.Uniform(40, 70);
  bool busy = false;
  double left = 0;
  for (int i = 0; i < rows; ++i) {
    if (left <= 0) {
      busy = !busy;
      left = (busy ? 2400 : 5400) * (0.3 + 0.7 * dice.Exponential());
    }
    left -= kStep;
    series.values.push_back((busy ? high : low) * (1 + 0.08 * dice.Normal()));
    series.noise.push_back(0.5 * (high - low));
  }
  return series;
}

// Wanders over days, with little noise.
MadeSeries SlowWalk(Dice& dice, int rows) {
  MadeSeries series;
  const double level = dice.Uniform(100, 300), memory = dice.Uniform(1, 3) * kDayRows;
  const double noise = dice.Uniform(1, 3), reach = noise * dice.Uniform(3, 6);
  double x = 0;
  for (int i = 0; i < rows; ++i) {
    x += -x / memory + reach * std::sqrt(2 / memory) * dice.Normal();
    series.values.push_back(level + x + noise * dice.Normal());
    series.noise.push_back(std::hypot(noise, reach / 2));
  }
  return series;
}

// Just below 100 %, skewed.
MadeSeries SuccessRate(Dice& dice, int rows) {
  MadeSeries series;
  const double missing = dice.Uniform(0.05, 0.3);
  for (int i = 0; i < rows; ++i) {
    const double load = 1 + 0.5 * std::sin(kTwoPi * DayShare(i));
    const double first = dice.Exponential(), second = dice.Exponential();
    series.values.push_back(std::max(0.0, 100 - missing * load * first * (0.5 + 0.5 * second)));
    series.noise.push_back(missing * 1.2);
  }
  return series;
}

// Two levels that change every few days, as when a leader moves.
MadeSeries Leaders(Dice& dice, int rows) {
  MadeSeries series;
  const double low = dice.Uniform(30, 60), high = low * dice.Uniform(1.15, 1.4);
  double level = low, left = dice.Uniform(1, 4) * kDayRows;
  for (int i = 0; i < rows; ++i) {
    if (--left < 0) {
      level = level == low ? high : low;
      left = dice.Uniform(0.3, 3) * kDayRows;
    }
    series.values.push_back(level + 0.03 * low * dice.Normal());
    series.noise.push_back(std::max(0.03 * low, (high - low) / 2));
  }
  return series;
}

// Small whole numbers that often stay as they are.
MadeSeries Connections(Dice& dice, int rows) {
  MadeSeries series;
  int count = 6;
  for (int i = 0; i < rows; ++i) {
    const double wanted = 6 + 3 * std::sin(kTwoPi * DayShare(i));
    if (dice.Uniform(0, 1) < 0.25) {
      count += dice.Uniform(0, 1) < (wanted - count + 6) / 12 ? 1 : -1;
    }
    count = std::max(0, count);
    series.values.push_back(count);
    series.noise.push_back(2);
  }
  return series;
}

// Now and then a point whose size has no typical scale.
MadeSeries Bursts(Dice& dice, int rows) {
  MadeSeries series;
  const double level = dice.Uniform(5, 20);
  for (int i = 0; i < rows; ++i) {
    double value = level * (1 + 0.1 * dice.Normal());
    if (dice.Uniform(0, 1) < 0.02) value += level / 2 * std::pow(dice.Uniform(0.001, 1), -0.45);
    series.values.push_back(value);
    series.noise.push_back(level / 2);
  }
  return series;
}

// Every hour something, every night more, on a daily curve.
MadeSeries HourlyJobs(Dice& dice, int rows) {
  MadeSeries series;
  const double level = dice.Uniform(20, 60);
  const double hourly = level * dice.Uniform(0.3, 0.8), nightly = level * dice.Uniform(1, 3);
  const int at = dice.Below(86400);
  for (int i = 0; i < rows; ++i) {
    double value = level * (1 + 0.3 * std::sin(kTwoPi * DayShare(i)) + 0.05 * dice.Normal());
    if (std::fmod(Seconds(i), 3600) < 600) value += hourly * dice.Uniform(0.8, 1.2);
    const double late = std::fmod(Seconds(i) - at + 86400, 86400);
    if (late < 2400 + dice.Uniform(0, 600)) value += nightly * dice.Uniform(0.9, 1.1);
    series.values.push_back(value);
    series.noise.push_back(0.15 * level);
  }
  return series;
}

using Values = std::vector<double>;

std::function<void(Values&, const Values&, int, int, Dice&)> Add(double times) {
  return [times](Values& values, const Values& noise, int begin, int end, Dice&) {
    for (int i = begin; i < end; ++i) values[i] += times * noise[i];
  };
}

void Halve(Values& values, const Values& noise, int begin, int end, Dice&) {
  for (int i = begin; i < end; ++i) {
    values[i] -= std::max(std::fabs(values[i]) / 2, 6 * noise[i]);
  }
}

void Spike(Values& values, const Values& noise, int begin, int end, Dice& dice) {
  for (int i = begin; i < end; ++i) {
    if (dice.Uniform(0, 1) < 0.4) values[i] += (6 + 4 * dice.Exponential()) * noise[i];
  }
}

void Leak(Values& values, const Values& noise, int begin, int end, Dice&) {
  for (int i = begin; i < end; ++i) {
    values[i] += 12 * noise[i] * std::min(1.0, (i - begin) / 144.0);
  }
}

void Oscillate(Values& values, const Values& noise, int begin, int end, Dice&) {
  const double middle = values[begin];
  for (int i = begin; i < end; ++i) values[i] = middle + (i / 6 % 2 == 0 ? 6 : -6) * noise[i];
}

void Vanish(Values& values, const Values&, int begin, int end, Dice&) {
  std::fill(values.begin() + begin, values.begin() + end, 0.0);
}

}  // namespace

double Dice::Uniform(double low, double high) {
  return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1.0p-53);
}

double Dice::Normal() {
  const double radius = std::sqrt(-2 * std::log(1 - Uniform(0, 1)));
  return radius * std::cos(kTwoPi * Uniform(0, 1));
}

double Dice::Exponential() {
  return -std::log(1 - Uniform(0, 1));
}

double Dice::HeavyTailed() {
  double squares = 0;
  for (int k = 0; k < 4; ++k) {
    const double x = Normal();
    squares += x * x;
  }
  return Normal() / std::sqrt(squares / 4);
}

std::vector<Kind> Kinds() {
  return {{"tides", Tides},         {"shop_week", ShopWeek},
          {"collector", Collector}, {"jobs", Jobs},
          {"slow_walk", SlowWalk},  {"success_rate", SuccessRate},
          {"leaders", Leaders},     {"connections", Connections},
          {"bursts", Bursts},       {"hourly_jobs", HourlyJobs}};
}

std::vector<Fault> Faults() {
  return {{"half", 60, 30, true, Halve},
          {"spikes", 36, 36, false, Spike},
          {"leak_12h", 168, 168, true, Leak},
          {"step_6", 48, 36, true, Add(6)},
          {"drop_6", 48, 36, true, Add(-6)},
          {"step_12", 24, 12, true, Add(12)},
          {"oscillation", 100, 60, false, Oscillate},
          {"gone", 24, 12, true, Vanish}};
}

bool Fits(const Kind& kind, const Fault& fault) {
  if (kind.name == "bursts") return fault.name != "spikes";
  if (kind.name == "connections") return fault.name != "half" && fault.name != "drop_6";
  return true;
}

FaultySeries MakeBusinessSeries(uint64_t seed) {
  constexpr int kRows = 8 * kWeekRows;
  constexpr double kFaultsPerWeek = 2.2;
  static const std::vector<std::function<MadeSeries(Dice&, int)>> makers = {
      Tides, ShopWeek, SuccessRate, Bursts, HourlyJobs, SlowWalk, Jobs};
  Dice dice(seed * 7919 + 13);
  const size_t kind = seed % makers.size();
  const bool percent = kind == 2;
  const MadeSeries clean = makers[kind](dice, kRows);
  FaultySeries series = {clean.values, {}};
  double next = kWeekRows;
  while (true) {
    next += dice.Exponential() * kWeekRows / kFaultsPerWeek;
    if (next > kRows - 50) break;
    const int begin = static_cast<int>(next), length = 2 + dice.Below(11);
    const double size = dice.Uniform(4, 12) * (dice.Uniform(0, 1) < 0.6 ? 1 : -1);
    const int shape = dice.Below(3);
    for (int i = begin; i < begin + length; ++i) {
      const double part = shape == 0   ? 1
                          : shape == 1 ? std::exp(-(i - begin) / (0.4 * length))
                                       : dice.Uniform(0.3, 1.3);
      double& value = series.values[i];
      value += size * part * clean.noise[i];
      if (percent && value > 100) value = 100 - 1.5 * std::fabs(size) * part * clean.noise[i];
    }
    series.faults.emplace_back(begin, begin + length);
    next = begin + length + 24;
  }
  return series;
}

}  // namespace tocsin::anomaly
