#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {

namespace common = opentelemetry::proto::common::v1;
namespace metrics = opentelemetry::proto::metrics::v1;
using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

inline constexpr int64_t kNowMs = 1'700'000'000'000;

// Random requests of all kinds of metrics. Draws from small sets, so that names, labels and whole
// series collide often.
class OtlpGenerator {
 public:
  explicit OtlpGenerator(uint64_t seed) : engine_(seed) {}

  ExportMetricsServiceRequest Request() {
    ExportMetricsServiceRequest request;
    for (int i = Below(4); i > 0; --i) Resource(*request.add_resource_metrics());
    return request;
  }
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::string Pick(std::initializer_list<const char*> words) {
    return *(words.begin() + Below(static_cast<int>(words.size())));
  }
  void Value(common::AnyValue& value, int depth) {
    switch (Below(depth > 3 ? 6 : 8)) {
      case 0:
        return;
      case 1:
        value.set_string_value(Pick({"", "x", "größe", "<&>", "too long"}));
        return;
      case 2:
        value.set_bool_value(OneIn(2));
        return;
      case 3:
        value.set_int_value(static_cast<int64_t>(engine_()));
        return;
      case 4:
        value.set_double_value(Below(1000) / 8.0);
        return;
      case 5:
        value.set_bytes_value(Pick({"", "a", "ab\xff", "abc"}));
        return;
      case 6:
        value.mutable_array_value();
        for (int i = Below(3); i > 0; --i)
          Value(*value.mutable_array_value()->add_values(), depth + 1);
        return;
      default:
        value.mutable_kvlist_value();
        for (int i = Below(3); i > 0; --i) {
          auto* member = value.mutable_kvlist_value()->add_values();
          member->set_key(Pick({"a", "b"}));
          Value(*member->mutable_value(), depth + 1);
        }
    }
  }
  template <typename Message>
  void Fill(Message& message) {
    for (int i = Below(4); i > 0; --i) {
      auto* attribute = message.add_attributes();
      attribute->set_key(Pick({"a.b", "a_b", "host.name", "service.name", "service.instance.id",
                               "service.namespace", "5", "job", "_", "__"}));
      if (!OneIn(10)) Value(*attribute->mutable_value(), 0);
    }
  }
  void Resource(metrics::ResourceMetrics& resource) {
    many_ = OneIn(6);
    if (!OneIn(5)) Fill(*resource.mutable_resource());
    resource.set_schema_url(Pick({"", "https://opentelemetry.io/schemas/1.9.0"}));
    for (int i = Below(3); i > 0; --i) {
      auto* scope = resource.add_scope_metrics();
      scope->mutable_scope()->set_name(Pick({"", "scope"}));
      Fill(*scope->mutable_scope());
      for (int j = Below(5); j > 0; --j) Metric(*scope->add_metrics());
    }
  }
  void Metric(metrics::Metric& metric) {
    metric.set_name(Pick({"", "a", "b.c", "req.total", "@"}));
    metric.set_unit(Pick({"", "s", "1", "By/s", "{x}"}));
    metric.set_description(Pick({"", "something"}));
    const int points = Below(many_ ? 1500 : 5);
    switch (Below(8)) {
      case 0:
        return;
      case 1:
        Each(points, *metric.mutable_histogram(), [this](auto& point) { Histogram(point); });
        return;
      case 2:
        for (int i = 0; i < points; ++i) Summary(*metric.mutable_summary()->add_data_points());
        return;
      case 3:
        Each(points, *metric.mutable_exponential_histogram(),
             [this](auto& point) { Exponential(point); });
        return;
      case 4:
      case 5:
        for (int i = 0; i < points; ++i) Point(*metric.mutable_gauge()->add_data_points());
        return;
      default:
        metric.mutable_sum()->set_is_monotonic(!OneIn(3));
        Each(points, *metric.mutable_sum(), [this](auto& point) { Point(point); });
    }
  }
  template <typename Data, typename Fill>
  void Each(int points, Data& data, Fill fill) {
    const bool odd = OneIn(10);
    data.set_aggregation_temporality(
        odd                 ? static_cast<metrics::AggregationTemporality>(3 * Below(2))
        : many_ || OneIn(2) ? metrics::AGGREGATION_TEMPORALITY_CUMULATIVE
                            : metrics::AGGREGATION_TEMPORALITY_DELTA);
    for (int i = 0; i < points; ++i) fill(*data.add_data_points());
  }
  // Times of one second in steps of 50 ms, so that intervals touch, overlap and leave gaps.
  template <typename Message>
  void Times(Message& point) {
    point.set_time_unix_nano(Time());
    const int kind = Below(4);
    if (kind == 0) return;
    point.set_start_time_unix_nano(kind == 1 ? engine_()
                                             : point.time_unix_nano() -
                                                   50'000'000u * static_cast<uint64_t>(Below(4)));
    if (OneIn(10)) point.set_flags(static_cast<uint32_t>(Below(4)));
  }
  void Histogram(metrics::HistogramDataPoint& point) {
    Times(point);
    const int bounds = Below(4);
    for (int i = 0; i < bounds; ++i) point.add_explicit_bounds(i * 2.5 - 1 - (OneIn(30) ? 9 : 0));
    for (int i = 0; i <= bounds && (bounds > 0 || OneIn(2)); ++i) {
      point.add_bucket_counts(static_cast<uint64_t>(Below(9)));
    }
    if (OneIn(30)) point.add_bucket_counts(1);
    point.set_count(static_cast<uint64_t>(Below(50)));
    if (!OneIn(4)) point.set_sum(Below(100) / 4.0);
    if (OneIn(10)) point.add_exemplars()->set_as_double(1);
    Fill(point);
  }
  void Summary(metrics::SummaryDataPoint& point) {
    Times(point);
    point.set_count(static_cast<uint64_t>(Below(50)));
    point.set_sum(Below(100) / 4.0);
    for (int i = Below(3); i > 0; --i) {
      auto* value = point.add_quantile_values();
      value->set_quantile(Below(4) / 3.0);
      value->set_value(Below(100));
    }
    Fill(point);
  }
  uint64_t Time() {
    const int64_t offset_ms = OneIn(20) ? 100'000'000 - Below(200'000'000) : 50 * Below(20);
    return static_cast<uint64_t>(kNowMs - offset_ms) * 1'000'000 + 999;
  }
  void Exponential(metrics::ExponentialHistogramDataPoint& point) {
    Times(point);
    point.set_scale(Below(20) - (OneIn(10) ? 10 : 4));
    if (OneIn(2)) point.set_zero_count(static_cast<uint64_t>(Below(5)));
    if (OneIn(3)) point.set_zero_threshold(Below(4) / 8.0);
    if (!OneIn(5)) point.set_sum(Below(1000) / 4.0);
    uint64_t count = point.zero_count();
    for (auto* side : {point.mutable_positive(), point.mutable_negative()}) {
      side->set_offset(Below(100) - 50);
      for (int i = Below(12); i > 0; --i) {
        side->add_bucket_counts(static_cast<uint64_t>(OneIn(3) ? 0 : Below(1000)));
        count += side->bucket_counts(side->bucket_counts_size() - 1);
      }
    }
    point.set_count(OneIn(10) ? count + 1 : count);
    Fill(point);
  }
  void Point(metrics::NumberDataPoint& point) {
    Times(point);
    if (OneIn(2)) {
      point.set_as_double(Below(100) / 4.0);
    } else if (!OneIn(10)) {
      point.set_as_int(Below(1000) - 500);
    }
    if (OneIn(10)) point.add_exemplars()->set_as_double(1);
    Fill(point);
  }

  std::mt19937_64 engine_;
  bool many_ = false;  // the resource has many points, and no deltas
};

}  // namespace tocsin::ingest
