#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "base/mutex.h"

namespace tocsin {

// The process' own metrics. Handles are resolved once, at construction of whoever counts, so that
// every series exists at 0 from the start; they live as long as this object.
//
// Thread: any.
class Metrics {
 public:
  using LabelMap = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();

  prometheus::Counter& Counter(const std::string& name, const std::string& help,
                               const LabelMap& labels = {});
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                           const LabelMap& labels = {});
  // `bounds` are upper bounds in the metric's unit, ascending.
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& bounds, const LabelMap& labels = {});

  // Called before each exposition, for gauges whose value is only looked up then. From any thread,
  // one call at a time; set once, before anybody asks.
  void OnExposition(std::function<void()> refresh);

  // Prometheus text exposition format 0.0.4.
  std::string ExpositionText() const;

 private:
  std::unique_ptr<prometheus::Registry> registry_;
  mutable Mutex refresh_mutex_;
  std::function<void()> refresh_ ABSL_GUARDED_BY(refresh_mutex_);
};

// Bounds for latencies of a system that answers in milliseconds: 0.5 ms to 60 s.
const std::vector<double>& LatencyBoundsSeconds();

}  // namespace tocsin
