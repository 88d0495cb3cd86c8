#include "tests/sim/traffic.h"

#include <algorithm>
#include <utility>

#include "base/sample.h"

namespace tocsin::simulation {

Traffic::Traffic(const Plan& plan, uint64_t seed) : plan_(plan), dice_(seed, 1) {
  for (const char* g : {"x", "y"}) {
    for (const char* i : {"0", "1", "2"}) {
      if (dice_.OneIn(4)) continue;
      AddSource({{kMetricName, "load"}, {"g", g}, {"i", i}}, false);
      AddSource({{kMetricName, "jobs_total"}, {"g", g}, {"i", i}}, true);
    }
    AddSource({{kMetricName, "bound"}, {"g", g}}, false);
    AddSource({{kMetricName, "beat"}, {"job", g}}, false);
  }
}

void Traffic::AddSource(const Labels& labels, bool counter) {
  Source source;
  source.labels = labels;
  source.counter = counter;
  source.interval_ms = dice_.OneIn(3) ? 10'000 : 5'000;
  source.next_ms = dice_.Below(source.interval_ms);
  sources_.push_back(source);
}

int64_t Traffic::NextDue() const {
  int64_t next = collected_.empty() ? INT64_MAX : flush_ms_;
  for (const Source& source : sources_) next = std::min(next, source.next_ms);
  if (!waiting_.empty()) next = std::min(next, waiting_.begin()->first);
  return next;
}

void Traffic::Produce(int64_t now_ms, int64_t wall_ms) {
  for (Source& source : sources_) {
    if (source.next_ms <= now_ms) Sample(source, now_ms, wall_ms);
  }
  if (collected_.empty() || flush_ms_ > now_ms) return;
  Send(std::exchange(collected_, {}), now_ms);
  flush_ms_ = now_ms + dice_.Between(500, 3000);
}

// Values are multiples of 1/4, so that sums of them are exact.
void Traffic::Sample(Source& source, int64_t now_ms, int64_t wall_ms) {
  source.next_ms = now_ms + source.interval_ms + (dice_.OneIn(3) ? dice_.Below(400) : 0);
  if (calm_) {  // everything stays as it is, so that alerts come to rest
    if (source.counter) source.value += source.high ? 20 : 1;
    return Emit({source.labels, wall_ms, source.value}, now_ms);
  }
  if (now_ms >= source.mood_until_ms) {
    source.high = !source.high && dice_.OneIn(2);
    source.mood_until_ms = now_ms + dice_.Between(10'000, 100'000);
  }
  const auto quarters = [&](int64_t low, int64_t high) {
    return static_cast<double>(dice_.Between(low, high)) / 4;
  };
  if (source.counter) {
    source.value += source.high ? quarters(40, 120) : quarters(0, 8);
    if (plan_.resets && dice_.OneIn(20)) source.value = quarters(0, 8);
  } else if (source.value == 0 || dice_.OneIn(2)) {
    source.value = source.high ? quarters(90, 160) : quarters(0, 30);
  }
  const Point point{source.labels, wall_ms, source.value};
  if (source.ended || (plan_.silences && dice_.OneIn(60))) {
    source.ended = false;
    source.next_ms = now_ms + dice_.Between(15'000, 400'000);
    return;
  }
  if (plan_.ends && dice_.OneIn(60)) {
    source.ended = true;
    return Emit({source.labels, wall_ms, StaleMarker()}, now_ms);
  }
  Emit(point, now_ms);
}

void Traffic::Emit(const Point& point, int64_t now_ms) {
  if (!calm_ && plan_.repeats && dice_.OneIn(25)) {
    Point again = point;
    if (dice_.OneIn(2)) again.value += 1;
    Send({again}, now_ms + dice_.Below(30'000));
  }
  if (!calm_ && plan_.late && dice_.OneIn(15)) {
    return Send({point}, now_ms + dice_.Below(dice_.OneIn(4) ? 300'000 : 40'000));
  }
  if (collected_.empty()) flush_ms_ = std::max(flush_ms_, now_ms);
  collected_.push_back(point);
}

void Traffic::Send(std::vector<Point> points, int64_t at_ms) {
  waiting_.emplace(at_ms, Request{next_id_++, std::move(points), 0});
}

bool Traffic::Take(int64_t now_ms, Request& request) {
  if (waiting_.empty() || waiting_.begin()->first > now_ms) return false;
  request = std::move(waiting_.begin()->second);
  waiting_.erase(waiting_.begin());
  ++request.tries;
  return true;
}

void Traffic::Retry(Request request, int64_t now_ms) {
  const int64_t pause_ms = std::min<int64_t>(500 << std::min(request.tries, 5), 10'000);
  waiting_.emplace(now_ms + pause_ms / 2 + dice_.Below(pause_ms), std::move(request));
}

}  // namespace tocsin::simulation
