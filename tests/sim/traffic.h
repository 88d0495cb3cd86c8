#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/labels.h"
#include "tests/sim/dice.h"
#include "tests/sim/plan.h"

namespace tocsin::simulation {

// A sample with its series' labels; its time is by the wall clock.
struct Point {
  Labels labels;
  int64_t time_ms = 0;
  double value = 0;
};

struct Request {
  uint64_t id = 0;
  std::vector<Point> points;
  int tries = 0;
};

// Senders: series that are sampled every few seconds, collected into requests, and sent until they
// are acknowledged. Gauges move between quiet and high for a minute or so at a time, so that alerts
// fire and resolve.
//
// All times but those of points are true time.
class Traffic {
 public:
  Traffic(const Plan& plan, uint64_t seed);

  // When Produce() or Take() has something to do.
  int64_t NextDue() const;
  // Samples what is due. `wall_ms`: what the senders' clocks say now.
  void Produce(int64_t now_ms, int64_t wall_ms);
  // A request whose time has come; false: there is none.
  bool Take(int64_t now_ms, Request& request);
  // It was refused, or nobody answered: it is sent again later.
  void Retry(Request request, int64_t now_ms);
  // From now on nothing is odd any more.
  void Calm() { calm_ = true; }

 private:
  struct Source {
    Labels labels;
    bool counter = false;
    int64_t interval_ms = 0;
    int64_t next_ms = 0;
    int64_t mood_until_ms = 0;
    bool high = false;
    bool ended = false;
    double value = 0;
  };

  void AddSource(const Labels& labels, bool counter);
  void Sample(Source& source, int64_t now_ms, int64_t wall_ms);
  void Emit(const Point& point, int64_t now_ms);
  void Send(std::vector<Point> points, int64_t at_ms);

  const Plan& plan_;
  Dice dice_;
  bool calm_ = false;
  std::vector<Source> sources_;
  std::vector<Point> collected_;
  int64_t flush_ms_ = 0;
  std::multimap<int64_t, Request> waiting_;  // by when they are sent
  uint64_t next_id_ = 1;
};

}  // namespace tocsin::simulation
