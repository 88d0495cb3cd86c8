// The band of ranks against sorting the window at each step.
#include "engine/query/rank_band.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tocsin::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool Same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

// A window and its band, which slide together.
class Window {
 public:
  void Enter(double value) {
    values_.push_back(value);
    band_.Insert(value);
  }
  void Expire() {
    band_.Erase(values_.front());
    values_.pop_front();
  }
  size_t size() const { return values_.size(); }
  int readings() const { return readings_; }
  const RankBand& band() const { return band_; }

  double Quantile(double q) {
    return QuantileOfRanked(q, band_.size(), [&](size_t rank) {
      if (const double* value = band_.Find(rank)) return *value;
      ++readings_;
      const std::vector<double> all(values_.begin(), values_.end());
      band_.Choose(all.data(), rank, 0);
      return *band_.Find(rank);
    });
  }
  double QuantileBySorting(double q) const {
    std::vector<double> all(values_.begin(), values_.end());
    return engine::Quantile(q, all);
  }

 private:
  std::deque<double> values_;
  RankBand band_;
  int readings_ = 0;
};

struct Series {
  const char* name;
  std::function<double(std::mt19937_64&, int step)> next;
};

std::vector<Series> AllSeries() {
  return {
      {"noise", [](auto& random, int) { return static_cast<double>(random() % 100'000); }},
      {"walk",
       [at = 0.0](auto& random, int) mutable {
         at += static_cast<double>(random() % 2001) - 1000;
         return at;
       }},
      {"rising", [](auto&, int step) { return step * 1.5; }},
      {"falling", [](auto&, int step) { return -step * 1.5; }},
      {"waves", [](auto&, int step) { return std::sin(step / 50.0); }},
      {"constant", [](auto&, int) { return 7.0; }},
      {"constant, then another", [](auto&, int step) { return step / 1000 % 2 * 2.0; }},
      {"few distinct", [](auto& random, int) { return static_cast<double>(random() % 4); }},
      {"odd",
       [](auto& random, int) {
         const double odd[] = {kNan, kInfinity, -kInfinity, 0.0, -0.0};
         const auto draw = random() % 20;
         return draw < 5 ? odd[draw] : static_cast<double>(random() % 50) - 25;
       }},
      {"only NaN", [](auto&, int) { return kNan; }},
  };
}

TEST(RankBandTest, EqualsSortingTheWindow) {
  for (const Series& series : AllSeries()) {
    for (const size_t limit : {1u, 2u, 30u, 41u, 360u, 1500u}) {
      for (const double q : {0.0, 0.5, 0.99, 1.0}) {
        SCOPED_TRACE(std::string(series.name) + " " + std::to_string(limit) + " " +
                     std::to_string(q));
        std::mt19937_64 random(5);
        auto next = series.next;
        Window window;
        const int steps = static_cast<int>(std::min<size_t>(limit * 3 + 50, 2500));
        for (int step = 0; step < steps; ++step) {
          window.Enter(next(random, step));
          if (window.size() > limit) window.Expire();
          const bool asked = limit < 1000 || step % 7 == 0;
          if (!asked) continue;
          ASSERT_TRUE(Same(window.Quantile(q), window.QuantileBySorting(q))) << step;
        }
      }
    }
  }
}

// Windows that grow, shrink and run empty, and a quantile that changes.
TEST(RankBandTest, EqualsSortingWhateverIsAskedFor) {
  const double quantiles[] = {0.0, 0.5, 0.99, 1.0, 0.3, kNan, 2.0};
  for (const Series& series : AllSeries()) {
    SCOPED_TRACE(series.name);
    std::mt19937_64 random(9);
    auto next = series.next;
    Window window;
    for (int step = 0, phase = 0; step < 4000; ++step) {
      if (step % 500 == 0) phase = static_cast<int>(random() % 3);
      for (auto n = random() % 4; n > 0; --n) window.Enter(next(random, step));
      const auto expiring = random() % (phase == 0 ? 3 : phase == 1 ? 4 : 8);
      for (size_t n = std::min<size_t>(expiring, window.size()); n > 0; --n) window.Expire();
      ASSERT_EQ(window.band().size(), window.size());
      if (random() % 3 != 0) continue;
      const double q = quantiles[random() % std::size(quantiles)];
      ASSERT_TRUE(Same(window.Quantile(q), window.QuantileBySorting(q))) << step;
    }
  }
}

// A window of 360 slides by 3,600 samples: how often it is read, and how long the band becomes.
TEST(RankBandTest, ReadsTheWindowRarely) {
  struct Expected {
    const char* series;
    double q;
    int readings_max;
    size_t values_max;
  };
  const Expected cases[] = {
      {"noise", 0.5, 8, 50},   {"noise", 0.95, 0, 50},      {"noise", 1, 0, 50},
      {"walk", 0.5, 40, 200},  {"rising", 0.5, 45, 200},    {"falling", 0.5, 45, 200},
      {"rising", 1, 0, 50},    {"falling", 0, 0, 50},       {"rising", 0, 45, 200},
      {"falling", 1, 45, 200}, {"constant", 0.5, 0, 50},    {"only NaN", 0.5, 0, 50},
      {"waves", 0.95, 0, 50},  {"few distinct", 0.5, 8, 50}};
  for (const Expected& expected : cases) {
    for (const Series& series : AllSeries()) {
      if (std::string(series.name) != expected.series) continue;
      SCOPED_TRACE(std::string(series.name) + " " + std::to_string(expected.q));
      std::mt19937_64 random(5);
      Window window;
      for (int step = 0; step < 360 + 3600; ++step) {
        window.Enter(series.next(random, step));
        if (window.size() > 360) window.Expire();
        window.Quantile(expected.q);
      }
      EXPECT_LE(window.readings(), expected.readings_max);
      EXPECT_LE(window.band().bytes(), expected.values_max * sizeof(double));
    }
  }
}

// As when the process starts: all of the window comes before the first evaluation.
TEST(RankBandTest, ReadsAWindowThatCameAtOnceOnce) {
  Window window;
  for (int i = 0; i < 360; ++i) window.Enter(i * 131 % 360);
  EXPECT_EQ(window.Quantile(0.5), 179.5);
  EXPECT_EQ(window.readings(), 1);
}

}  // namespace
}  // namespace tocsin::engine
