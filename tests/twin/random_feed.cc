#include "tests/twin/random_feed.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>

#include "base/sample.h"

namespace tocsin::twin {
namespace {

class Feed {
 public:
  Feed(Random& random, int64_t start_ms, int64_t length_ms)
      : random_(random), start_ms_(start_ms), length_ms_(length_ms) {}

  void Series(const Labels& labels) {
    int64_t t = start_ms_;
    int64_t end = start_ms_ + length_ms_;
    if (OneIn(3)) t += Below(length_ms_);    // comes mid-way
    if (OneIn(4)) end -= Below(length_ms_);  // goes
    const int64_t interval = OneIn(4) ? 40'000 : 15'000;
    const bool jitter = OneIn(2);
    double value = Quarter(40);
    while (t < end) {
      value = Next(labels, value);
      Emit(labels, t, OneIn(60) ? StaleMarker() : Odd(labels, value));
      t += interval + (jitter ? Below(2000) - 1000 : 0);
      if (OneIn(50)) t += Below(8 * 60'000);  // a gap
    }
    if (OneIn(2)) Emit(labels, end, StaleMarker());
  }

  // One of a stream of series that each live for some minutes only; some come back.
  void ShortLived(const Labels& labels) {
    int64_t t = start_ms_ + Below(length_ms_);
    for (int lives = OneIn(4) ? 2 : 1; lives > 0; --lives) {
      double value = Quarter(40);
      for (const int64_t end = t + Below(4 * 60'000); t < end; t += 15'000) {
        value = Next(labels, value);
        Emit(labels, t, value);
      }
      if (OneIn(2)) Emit(labels, t, StaleMarker());
      t += Below(15 * 60'000);
    }
  }

  std::vector<Arrival> Take() {
    std::stable_sort(arrivals_.begin(), arrivals_.end(), [](const Arrival& a, const Arrival& b) {
      return a.arrival_ms < b.arrival_ms;
    });
    return std::move(arrivals_);
  }

 private:
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(n));
  }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  double Quarter(int64_t n) { return static_cast<double>(Below(4 * n)) / 4; }

  double Next(const Labels& labels, double value) {
    if (labels.metric_name() != "steps_total") return OneIn(3) ? value : Quarter(20) - 5;
    if (OneIn(15)) return Quarter(3);  // a reset
    return std::min(value + Quarter(5), 900.0);
  }

  double Odd(const Labels& labels, double value) {
    if (labels.metric_name() != "odd" || !OneIn(4)) return value;
    constexpr double kInf = std::numeric_limits<double>::infinity();
    const double odd[] = {kInf, -kInf, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0};
    return odd[Below(5)];
  }

  void Emit(const Labels& labels, int64_t t, double value) {
    int64_t delay = 0;
    if (OneIn(12)) delay = Below(OneIn(4) ? 300'000 : 45'000);
    arrivals_.push_back({t + delay, t, labels, value});
    if (OneIn(40)) arrivals_.push_back({t + delay + Below(20'000), t, labels, value + 1});
  }

  Random& random_;
  const int64_t start_ms_;
  const int64_t length_ms_;
  std::vector<Arrival> arrivals_;
};

}  // namespace

std::vector<Arrival> RandomFeed(Random& random, int64_t start_ms, int64_t length_ms) {
  Feed feed(random, start_ms, length_ms);
  for (const char* metric : {"steps_total", "level", "odd"}) {
    for (const char* g : {"x", "y", "z"}) {
      for (const char* i : {"0", "1", "2", "3"}) {
        if (random.Next() % 3 == 0) continue;
        feed.Series({{kMetricName, metric}, {"g", g}, {"i", i}});
      }
    }
  }
  for (const char* g : {"x", "y", "w"}) feed.Series({{kMetricName, "limit"}, {"g", g}});
  return feed.Take();
}

std::vector<Arrival> ShortLivedFeed(Random& random, int64_t start_ms, int64_t length_ms) {
  Feed feed(random, start_ms, length_ms);
  for (int i = 4; i < 84; ++i) {
    const char* metrics[] = {"steps_total", "level", "level", "limit"};
    const char* groups[] = {"x", "y", "z", "w"};
    const char* metric = metrics[random.Next() % 4];
    const char* group = groups[random.Next() % 4];
    feed.ShortLived({{kMetricName, metric}, {"g", group}, {"i", std::to_string(i)}});
  }
  return feed.Take();
}

std::vector<Arrival> Merged(const std::vector<Arrival>& a, const std::vector<Arrival>& b) {
  std::vector<Arrival> merged;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged),
             [](const Arrival& x, const Arrival& y) { return x.arrival_ms < y.arrival_ms; });
  return merged;
}

}  // namespace tocsin::twin
