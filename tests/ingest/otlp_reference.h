#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/histogram/sum.h"
#include "integrations/ingest/number_text.h"
#include "integrations/ingest/otlp_delta.h"
#include "integrations/ingest/otlp_labels.h"
#include "integrations/ingest/otlp_names.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/otlp_generator.h"

namespace tocsin::ingest {

// The decisions of OtlpDecoder on the generated classes, for requests whose resources have either
// no deltas or fewer than 512 samples. Attribute text and names have tests of their own.
class OtlpReference {
 public:
  struct Result {
    SampleBatch batch;
    uint64_t rejected = 0;
  };

  OtlpReference(const Limits& limits, FakeSink& sink) : limits_(limits), sink_(sink) {}

  Result Decode(const ExportMetricsServiceRequest& request) {
    result_ = {};
    for (const auto& resource : request.resource_metrics()) {
      resource_key_ = resource.resource().SerializeAsString();
      resource_labels_ = LabelsOfResource(Read(resource.resource()));
      items_.clear();
      for (const auto& scope : resource.scope_metrics()) {
        for (const auto& metric : scope.metrics()) Metric(metric);
      }
      TakeItems();
    }
    return std::move(result_);
  }

 private:
  struct Item {
    std::string key;
    std::optional<Labels> labels;
    uint64_t start_ns = 0, time_ns = 0;
    double value = 0;
    HistogramPtr histogram;
    bool delta = false;
    int point = 0;
  };
  struct Stream {
    uint64_t start_ns, end_ns;
    double before, total;
    HistogramPtr histogram_before, histogram_total;
  };
  // One kind of points, as it stands in a metric.
  struct Kind {
    std::string name;  // translated; "" if it cannot be
    std::string key;
    bool delta = false, counts = false;
  };

  template <typename Message>
  static Attributes Read(const Message& message) {
    opentelemetry::proto::resource::v1::Resource attributes;
    *attributes.mutable_attributes() = message.attributes();
    Attributes out;
    EXPECT_EQ(DecodeAttributes(attributes.SerializeAsString(), 1,
                               {.count_max = 100, .text_bytes_max = 10000}, out),
              AttributeError::kNone);
    return out;
  }

  void Metric(const metrics::Metric& metric) {
    kind_ = {.key = resource_key_ + "|" + metric.name() + "|" + metric.unit() + "|" +
                    std::to_string(metric.data_case())};
    PointKind suffix = metric.has_gauge() ? PointKind::kGauge : PointKind::kSum;
    bool taken = true;
    if (metric.has_sum()) {
      kind_.counts = metric.sum().is_monotonic();
      if (kind_.counts) suffix = PointKind::kMonotonicSum;
      kind_.key += kind_.counts ? "m" : "s";
      taken = Temporality(metric.sum()) && (kind_.counts || !kind_.delta);
    } else if (metric.has_histogram()) {
      taken = Temporality(metric.histogram());
    } else if (metric.has_exponential_histogram()) {
      taken = Temporality(metric.exponential_histogram());
    }
    kind_.counts |= !metric.has_gauge() && !metric.has_sum();
    kind_.name = MetricNameFromOtlp(metric.name(), metric.unit(), suffix).value_or("");
    Each(metric.gauge(), taken, [this](const auto& point) { return Number(point); });
    Each(metric.sum(), taken, [this](const auto& point) { return Number(point); });
    Each(metric.histogram(), taken, [this](const auto& point) { return Histogram(point); });
    Each(metric.summary(), taken, [this](const auto& point) { return Summary(point); });
    Each(metric.exponential_histogram(), taken,
         [this](const auto& point) { return Exponential(point); });
  }
  template <typename Data>
  bool Temporality(const Data& data) {
    kind_.delta = data.aggregation_temporality() == metrics::AGGREGATION_TEMPORALITY_DELTA;
    return kind_.delta ||
           data.aggregation_temporality() == metrics::AGGREGATION_TEMPORALITY_CUMULATIVE;
  }
  template <typename Data, typename Take>
  void Each(const Data& data, bool taken, Take take) {
    for (const auto& point : data.data_points()) {
      ++point_;
      const auto time_ms = static_cast<int64_t>(point.time_unix_nano() / 1'000'000);
      const bool in_time = time_ms <= kNowMs + static_cast<int64_t>(limits_.future_ms_max) &&
                           time_ms >= kNowMs - static_cast<int64_t>(limits_.past_ms_max);
      if (!taken || !in_time || !take(point)) ++result_.rejected;
    }
  }

  template <typename Point>
  Item& Add(const Point& point, const char* suffix, double value, const char* extra = "",
            double bound = 0) {
    Item& item = items_.emplace_back();
    opentelemetry::proto::resource::v1::Resource attributes;
    *attributes.mutable_attributes() = point.attributes();
    item.key = kind_.key + "|" + attributes.SerializeAsString() + "|" + suffix + extra +
               std::to_string(bound);
    const bool stale = (point.flags() & 1) != 0;
    item.value = stale ? StaleMarker() : value;
    item.time_ns = point.time_unix_nano();
    const bool quantile = std::string(extra) == "quantile";
    if (kind_.counts && !quantile && !stale) item.start_ns = point.start_time_unix_nano();
    item.delta = kind_.delta;
    item.point = point_;
    if (kind_.name.empty() || !resource_labels_.ok()) return item;
    const std::string name = kind_.name + suffix;
    const std::string text = *extra == 0 ? "" : PlainNumber(bound);
    const Attributes no_scope;
    const auto labels = LabelsOfSeries({.resource = *resource_labels_,
                                        .scope = no_scope,
                                        .name = name,
                                        .extra_name = extra,
                                        .extra_value = text},
                                       Read(point));
    if (labels.ok()) item.labels = *labels;
    return item;
  }

  bool Number(const metrics::NumberDataPoint& point) {
    const bool stale = (point.flags() & 1) != 0;
    if (!stale && point.value_case() == metrics::NumberDataPoint::VALUE_NOT_SET) return false;
    Add(point, "", point.has_as_double() ? point.as_double() : static_cast<double>(point.as_int()));
    return true;
  }
  bool Histogram(const metrics::HistogramDataPoint& point) {
    const bool stale = (point.flags() & 1) != 0;
    const int bounds = point.explicit_bounds_size(), counts = point.bucket_counts_size();
    bool good = counts == bounds + 1 || (counts == 0 && bounds == 0);
    for (int i = 1; i < bounds; ++i)
      good = good && point.explicit_bounds(i - 1) < point.explicit_bounds(i);
    if (!good && !stale) return false;
    if (point.has_sum() || stale) Add(point, "_sum", point.sum());
    const auto count = static_cast<double>(point.count());
    Add(point, "_count", count);
    double below = 0;
    for (int i = 0; i < bounds; ++i) {
      below += i < counts ? static_cast<double>(point.bucket_counts(i)) : 0;
      Add(point, "_bucket", below, "le", point.explicit_bounds(i));
    }
    Add(point, "_bucket", count, "le", std::numeric_limits<double>::infinity());
    return true;
  }
  bool Summary(const metrics::SummaryDataPoint& point) {
    Add(point, "_sum", point.sum());
    Add(point, "_count", static_cast<double>(point.count()));
    for (const auto& value : point.quantile_values()) {
      Add(point, "", value.value(), "quantile", value.quantile());
    }
    return true;
  }
  bool Exponential(const metrics::ExponentialHistogramDataPoint& point) {
    auto native = std::make_shared<NativeHistogram>();
    native->schema = std::min(point.scale(), 8);
    native->sum = point.sum();
    native->count = static_cast<double>(point.count());
    native->zero_count = static_cast<double>(point.zero_count());
    native->zero_threshold = point.zero_threshold() == 0 ? 1e-128 : point.zero_threshold();
    double counted = native->zero_count;
    counted += Side(point.positive(), point.scale(), native->positive);
    counted += Side(point.negative(), point.scale(), native->negative);
    const bool stale = (point.flags() & 1) != 0;
    if (!stale && (point.scale() < -4 || counted != native->count)) return false;
    Item& item = Add(point, "", 0);
    if (!stale) item.histogram = native;
    return true;
  }
  // By the values that a bucket covers: OTLP's bucket i of scale s ends at 2^((i + 1) / 2^s).
  static double Side(const metrics::ExponentialHistogramDataPoint::Buckets& sent, int scale,
                     std::vector<HistogramBucket>& buckets) {
    std::map<int32_t, double> counts;
    double total = 0;
    for (int i = 0; i < sent.bucket_counts_size(); ++i) {
      const auto count = static_cast<double>(sent.bucket_counts(i));
      const double finer = std::exp2(std::max(scale - 8, 0));
      if (count != 0)
        counts[static_cast<int32_t>(std::ceil((sent.offset() + i + 1) / finer))] += count;
      total += count;
    }
    for (const auto& [index, count] : counts) buckets.push_back({index, count});
    return total;
  }

  // Everything of one resource, deltas in the order of time.
  void TakeItems() {
    if (std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.delta; })) {
      std::stable_sort(items_.begin(), items_.end(),
                       [](const Item& a, const Item& b) { return a.time_ns < b.time_ns; });
    }
    newest_ms_ = INT64_MIN;
    std::set<int> rejected;
    for (const Item& item : items_) {
      if (!Take(item)) rejected.insert(item.point);
    }
    result_.rejected += rejected.size();
    if (newest_ms_ == INT64_MIN || !resource_labels_.ok() || !resource_labels_->target_info) return;
    const auto ref = sink_.Resolve(*resource_labels_->target_info);
    if (ref.ok()) result_.batch.Add(*ref, newest_ms_, 1);
  }
  bool Take(const Item& item) {
    if (!item.labels) return false;
    const auto ref = sink_.Resolve(*item.labels);
    if (!ref.ok()) return false;
    const bool stale = item.histogram == nullptr && IsStaleMarker(item.value);
    if (item.delta && !stale) return TakeDelta(item, *ref);
    uint64_t& newest_start = starts_[item.key];
    if (item.start_ns > newest_start && item.start_ns <= item.time_ns) {
      newest_start = item.start_ns;
      const HistogramPtr empty = item.histogram ? EmptyLike(*item.histogram) : nullptr;
      AddStart(item, *ref, 0, empty);
    }
    AddAt(*ref, Millis(item.time_ns), item.value, item.histogram);
    newest_ms_ = std::max(newest_ms_, Millis(item.time_ns));
    return true;
  }
  bool TakeDelta(const Item& item, SeriesRef ref) {
    const auto found = streams_.find(item.key);
    bool start_is_new = true;
    if (found != streams_.end()) {
      const Stream& last = found->second;
      const bool repeated = item.start_ns == last.start_ns && item.time_ns == last.end_ns;
      const bool overlaps = item.start_ns != 0 && item.start_ns < last.end_ns;
      if (!repeated && (item.time_ns <= last.end_ns || overlaps)) return false;
      start_is_new = repeated || item.start_ns > last.end_ns;
      if (!repeated) {
        Stream next{item.start_ns,           item.time_ns,         last.total,
                    last.total + item.value, last.histogram_total, nullptr};
        if (item.histogram) {
          auto sum = std::make_shared<NativeHistogram>(*last.histogram_total);
          AddTo(*sum, *item.histogram);
          sum->counter_reset = CounterReset::kUnknown;
          next.histogram_total = sum;
        }
        found->second = next;
      }
    } else {
      streams_[item.key] = {item.start_ns,
                            item.time_ns,
                            0,
                            item.value,
                            item.histogram ? EmptyLike(*item.histogram) : nullptr,
                            nullptr};
      if (item.histogram) {
        auto sum = std::make_shared<NativeHistogram>(*EmptyLike(*item.histogram));
        AddTo(*sum, *item.histogram);
        sum->counter_reset = CounterReset::kUnknown;
        streams_[item.key].histogram_total = sum;
      }
    }
    const Stream& stream = streams_[item.key];
    if (start_is_new) AddStart(item, ref, stream.before, stream.histogram_before);
    AddAt(ref, Millis(item.time_ns), stream.total, stream.histogram_total);
    newest_ms_ = std::max(newest_ms_, Millis(item.time_ns));
    return true;
  }
  void AddStart(const Item& item, SeriesRef ref, double value, const HistogramPtr& histogram) {
    const int64_t start_ms = std::min(Millis(item.start_ns), Millis(item.time_ns) - 1);
    if (start_ms < kNowMs - static_cast<int64_t>(limits_.past_ms_max)) return;
    if (item.start_ns < item.time_ns) AddAt(ref, start_ms, value, histogram);
  }
  void AddAt(SeriesRef ref, int64_t time_ms, double value, const HistogramPtr& histogram) {
    if (histogram) {
      result_.batch.Add(ref, time_ms, histogram);
    } else {
      result_.batch.Add(ref, time_ms, value);
    }
  }
  static int64_t Millis(uint64_t ns) { return static_cast<int64_t>(ns / 1'000'000); }

  const Limits& limits_;
  FakeSink& sink_;
  std::map<std::string, uint64_t> starts_;
  std::map<std::string, Stream> streams_;

  Result result_;
  std::string resource_key_;
  absl::StatusOr<ResourceLabels> resource_labels_;
  std::vector<Item> items_;
  Kind kind_;
  int point_ = 0;
  int64_t newest_ms_ = 0;
};

}  // namespace tocsin::ingest
