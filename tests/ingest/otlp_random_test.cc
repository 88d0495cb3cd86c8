// The decoder that walks the wire against one that uses the generated classes, on random requests;
// and on damaged bytes against nothing but the promise not to crash, hang or read beyond the end.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "integrations/ingest/otlp_decode.h"
#include "integrations/ingest/otlp_labels.h"
#include "integrations/ingest/otlp_names.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::ingest {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace metrics = opentelemetry::proto::metrics::v1;
using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;

constexpr int64_t kNowMs = 1'700'000'000'000;

// Draws from small sets, so that names, labels and whole series collide often.
class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

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
    const int points = Below(OneIn(10) ? 1500 : 5);
    switch (Below(8)) {
      case 0:
        return;
      case 1:
        for (int i = 0; i < points; ++i)
          metric.mutable_histogram()->add_data_points()->set_count(1);
        return;
      case 2:
        for (int i = 0; i < points; ++i) metric.mutable_summary()->add_data_points();
        return;
      case 3:
        metric.mutable_exponential_histogram()->set_aggregation_temporality(
            OneIn(5) ? static_cast<metrics::AggregationTemporality>(Below(4))
                     : metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
        for (int i = 0; i < points; ++i) {
          Histogram(*metric.mutable_exponential_histogram()->add_data_points());
        }
        return;
      case 4:
      case 5:
        for (int i = 0; i < points; ++i) Point(*metric.mutable_gauge()->add_data_points());
        return;
      default:
        metric.mutable_sum()->set_is_monotonic(OneIn(2));
        metric.mutable_sum()->set_aggregation_temporality(
            OneIn(5) ? static_cast<metrics::AggregationTemporality>(Below(4))
                     : metrics::AGGREGATION_TEMPORALITY_CUMULATIVE);
        for (int i = 0; i < points; ++i) Point(*metric.mutable_sum()->add_data_points());
    }
  }
  uint64_t Time() {
    const int64_t offset_ms = OneIn(20) ? 100'000'000 - Below(200'000'000) : Below(1000);
    return static_cast<uint64_t>(kNowMs - offset_ms) * 1'000'000 + 999;
  }
  void Histogram(metrics::ExponentialHistogramDataPoint& point) {
    point.set_time_unix_nano(Time());
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
    if (OneIn(10)) point.set_flags(static_cast<uint32_t>(Below(4)));
    Fill(point);
  }
  void Point(metrics::NumberDataPoint& point) {
    point.set_time_unix_nano(Time());
    point.set_start_time_unix_nano(engine_());
    if (OneIn(2)) {
      point.set_as_double(Below(100) / 4.0);
    } else if (!OneIn(10)) {
      point.set_as_int(Below(1000) - 500);
    }
    if (OneIn(10)) point.set_flags(static_cast<uint32_t>(Below(4)));
    if (OneIn(10)) point.add_exemplars()->set_as_double(1);
    Fill(point);
  }

  std::mt19937_64 engine_;
};

// The same decisions on the generated classes. Attribute text and names have tests of their own.
class Reference {
 public:
  explicit Reference(const Limits& limits, FakeSink& sink) : limits_(limits), sink_(sink) {}

  void Decode(const ExportMetricsServiceRequest& request) {
    for (const auto& resource : request.resource_metrics()) {
      newest_ms_ = INT64_MIN;
      const auto labels = LabelsOfResource(Read(resource.resource()));
      for (const auto& scope : resource.scope_metrics()) {
        for (const auto& metric : scope.metrics()) Metric(metric, labels);
      }
      if (newest_ms_ == INT64_MIN || !labels.ok() || !labels->target_info) continue;
      const auto ref = sink_.Resolve(*labels->target_info);
      if (ref.ok()) batch.Add(*ref, newest_ms_, 1);
    }
  }

  SampleBatch batch;
  uint64_t rejected = 0;

 private:
  template <typename Message>
  Attributes Read(const Message& message) {
    opentelemetry::proto::resource::v1::Resource attributes;
    *attributes.mutable_attributes() = message.attributes();
    Attributes out;
    EXPECT_EQ(DecodeAttributes(attributes.SerializeAsString(), 1,
                               {.count_max = 100, .text_bytes_max = 10000}, out),
              AttributeError::kNone);
    return out;
  }
  void Metric(const metrics::Metric& metric, const absl::StatusOr<ResourceLabels>& resource) {
    rejected += static_cast<uint64_t>(metric.histogram().data_points_size() +
                                      metric.summary().data_points_size());
    if (metric.has_exponential_histogram()) {
      Histograms(metric.exponential_histogram(),
                 MetricNameFromOtlp(metric.name(), metric.unit(), PointKind::kSum), resource);
      return;
    }
    PointKind kind = PointKind::kGauge;
    if (metric.has_sum()) {
      kind = metric.sum().is_monotonic() ? PointKind::kMonotonicSum : PointKind::kSum;
      if (metric.sum().aggregation_temporality() != metrics::AGGREGATION_TEMPORALITY_CUMULATIVE) {
        rejected += static_cast<uint64_t>(metric.sum().data_points_size());
        return;
      }
    }
    const auto name = MetricNameFromOtlp(metric.name(), metric.unit(), kind);
    for (const auto& point :
         metric.has_sum() ? metric.sum().data_points() : metric.gauge().data_points()) {
      if (!Point(point, name, resource)) ++rejected;
    }
  }
  bool Point(const metrics::NumberDataPoint& point, const absl::StatusOr<std::string>& name,
             const absl::StatusOr<ResourceLabels>& resource) {
    const auto time_ms = static_cast<int64_t>(point.time_unix_nano() / 1'000'000);
    const bool stale = (point.flags() & 1) != 0;
    if (!InTime(time_ms) ||
        (!stale && point.value_case() == metrics::NumberDataPoint::VALUE_NOT_SET) || !name.ok() ||
        !resource.ok()) {
      return false;
    }
    const auto labels = LabelsOfSeries(*name, Read(point), *resource);
    if (!labels.ok()) return false;
    const auto ref = sink_.Resolve(*labels);
    if (!ref.ok()) return false;
    const double value =
        point.has_as_double() ? point.as_double() : static_cast<double>(point.as_int());
    batch.Add(*ref, time_ms, stale ? StaleMarker() : value);
    newest_ms_ = std::max(newest_ms_, time_ms);
    return true;
  }

  bool InTime(int64_t time_ms) const {
    return time_ms <= kNowMs + static_cast<int64_t>(limits_.future_ms_max) &&
           time_ms >= kNowMs - static_cast<int64_t>(limits_.past_ms_max);
  }
  void Histograms(const metrics::ExponentialHistogram& data,
                  const absl::StatusOr<std::string>& name,
                  const absl::StatusOr<ResourceLabels>& resource) {
    const bool cumulative =
        data.aggregation_temporality() == metrics::AGGREGATION_TEMPORALITY_CUMULATIVE;
    for (const auto& point : data.data_points()) {
      if (!cumulative || !Histogram(point, name, resource)) ++rejected;
    }
  }
  bool Histogram(const metrics::ExponentialHistogramDataPoint& point,
                 const absl::StatusOr<std::string>& name,
                 const absl::StatusOr<ResourceLabels>& resource) {
    const auto time_ms = static_cast<int64_t>(point.time_unix_nano() / 1'000'000);
    const bool stale = (point.flags() & 1) != 0;
    if (!InTime(time_ms) || !name.ok() || !resource.ok()) return false;
    NativeHistogram native;
    native.schema = std::min(point.scale(), 8);
    native.sum = point.sum();
    native.count = static_cast<double>(point.count());
    native.zero_count = static_cast<double>(point.zero_count());
    native.zero_threshold = point.zero_threshold() == 0 ? 1e-128 : point.zero_threshold();
    double counted = native.zero_count;
    counted += Side(point.positive(), point.scale(), native.positive);
    counted += Side(point.negative(), point.scale(), native.negative);
    if (!stale && (point.scale() < -4 || counted != native.count)) return false;
    const auto labels = LabelsOfSeries(*name, Read(point), *resource);
    if (!labels.ok()) return false;
    const auto ref = sink_.Resolve(*labels);
    if (!ref.ok()) return false;
    if (stale) {
      batch.Add(*ref, time_ms, StaleMarker());
    } else {
      batch.Add(*ref, time_ms, std::make_shared<NativeHistogram>(std::move(native)));
    }
    newest_ms_ = std::max(newest_ms_, time_ms);
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

  const Limits& limits_;
  FakeSink& sink_;
  int64_t newest_ms_ = 0;
};

TEST(OtlpRandomTest, AgreesWithTheGeneratedClasses) {
  const Limits limits;
  FakeSink sink;
  OtlpDecoder decoder(limits, sink);  // one cache for all, so that later requests hit it
  size_t samples = 0, rejected = 0;
  for (uint64_t seed = 1; seed <= 700; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ExportMetricsServiceRequest request = Generator(seed).Request();
    Reference reference(limits, sink);
    reference.Decode(request);
    const auto result = decoder.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(sink.LinesOf(result->batch), sink.LinesOf(reference.batch));
    ASSERT_EQ(result->rejected.total(), reference.rejected) << result->rejected.Describe();
    samples += result->batch.size();
    rejected += reference.rejected;
  }
  // The generator must meet both ways often, or the test shows nothing.
  EXPECT_GT(samples, 5'000u);
  EXPECT_GT(rejected, 5'000u);
}

TEST(OtlpRandomTest, DamagedBytesNeverCrash) {
  const Limits limits;
  FakeSink sink;
  OtlpDecoder decoder(limits, sink);
  std::mt19937_64 random(7);
  size_t refused = 0, taken = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const std::string whole = Generator(seed).Request().SerializeAsString();
    if (whole.empty() || whole.size() > 4000) continue;
    for (int i = 0; i < 40; ++i) {
      std::string bytes = whole;
      if (i % 2 == 0) bytes.resize(random() % bytes.size());
      for (uint64_t flips = i % 4; flips > 0 && !bytes.empty(); --flips) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      }
      // An exact copy on the heap: a sanitizer sees any step beyond its end.
      const std::vector<char> exact(bytes.begin(), bytes.end());
      const auto result = decoder.Decode(absl::string_view(exact.data(), exact.size()),
                                         Timestamp::FromMillis(kNowMs));
      if (result.ok()) {
        ++taken;
      } else {
        ASSERT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(taken, 100u);
}

}  // namespace
}  // namespace tocsin::ingest
