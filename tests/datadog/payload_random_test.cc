// The decoders that walk the wire against ones that use the generated classes, on random payloads;
// and on damaged bytes against nothing but the promise not to crash, hang or read beyond the end.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/histogram/text.h"
#include "integrations/datadog/distribution.h"
#include "integrations/datadog/names.h"
#include "integrations/datadog/series_wire.h"
#include "integrations/datadog/sketch_wire.h"
#include "proto/datadog/agentpayload.pb.h"
#include "storage/memory_store.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::datadog {
namespace {

namespace agentpayload = ::datadog::agentpayload;
using agentpayload::MetricPayload;
using agentpayload::SketchPayload;

constexpr int64_t kNowS = 1'700'000'000;

// Draws from small sets, so that names, tags and whole series collide often.
class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

  MetricPayload Metrics() {
    MetricPayload payload;
    for (int i = Below(6); i > 0; --i) Series(*payload.add_series());
    return payload;
  }
  SketchPayload Sketches() {
    SketchPayload payload;
    for (int i = Below(4); i > 0; --i) Sketch(*payload.add_sketches());
    return payload;
  }
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::string Pick(std::initializer_list<const char*> words) {
    return *(words.begin() + Below(static_cast<int>(words.size())));
  }
  std::string Name() { return Pick({"a", "a.b", "system.cpu.user", "7", "", "größe", "A-b"}); }
  std::string Tag() {
    return Pick(
        {"env:prod", "env:dev", "canary", "host:x", "device:y", "k:", ":v", "", "ENV:Prod"});
  }
  int64_t Time() { return OneIn(10) ? kNowS - 5000 + Below(10'000) : kNowS - Below(100); }

  void Origin(agentpayload::Metadata& metadata) {
    metadata.mutable_origin()->set_metric_type(OneIn(3) ? 9 : 1);
    metadata.mutable_origin()->set_origin_product(10);
  }
  void Series(MetricPayload::MetricSeries& series) {
    series.set_metric(Name());
    for (int i = Below(4); i > 0; --i) {
      auto& resource = *series.add_resources();
      resource.set_type(Pick({"host", "device", "database_instance", ""}));
      resource.set_name(Pick({"h1", "H2", "", "x"}));
    }
    for (int i = Below(4); i > 0; --i) series.add_tags(Tag());
    for (int i = Below(4); i > 0; --i) {
      auto& point = *series.add_points();
      point.set_timestamp(Time());
      point.set_value(OneIn(20) ? std::nan("") : Below(100) / 4.0);
    }
    series.set_type(static_cast<MetricPayload::MetricType>(Below(5)));
    series.set_unit(Pick({"", "byte"}));
    series.set_interval(OneIn(3) ? -5 + Below(10) : 10);
    if (OneIn(3)) Origin(*series.mutable_metadata());
  }
  void Sketch(SketchPayload::Sketch& sketch) {
    sketch.set_metric(Name());
    sketch.set_host(Pick({"h1", "H2", ""}));
    for (int i = Below(4); i > 0; --i) sketch.add_tags(Tag());
    if (OneIn(10)) sketch.add_distributions()->set_ts(kNowS);
    for (int i = Below(3); i > 0; --i) {
      auto& point = *sketch.add_dogsketches();
      point.set_ts(Time());
      point.set_cnt(Below(3));
      point.set_sum(Below(100));
      for (int j = Below(6); j > 0; --j) {
        point.add_k(Below(5000) - 2500);
        point.add_n(static_cast<uint32_t>(Below(70'000)));
      }
      if (OneIn(10)) point.add_k(1);
    }
    if (OneIn(3)) Origin(*sketch.mutable_metadata());
  }

  std::mt19937_64 engine_;
};

// What comes of one payload: lines, and counts by reason.
struct Outcome {
  std::vector<std::string> lines;
  std::string rejected;
  uint64_t hidden = 0;
};

std::string CountsOf(const ingest::RejectTally& tally) {
  std::string text;
  for (size_t i = 0; i < ingest::kRejectReasons; ++i) {
    const auto reason = static_cast<ingest::RejectReason>(i);
    if (tally.count(reason) > 0)
      absl::StrAppend(&text, ingest::RejectReasonName(reason), " ", tally.count(reason), "; ");
  }
  return text;
}

// The decoders, with all that lasts from payload to payload.
class Decoders {
 public:
  absl::StatusOr<Outcome> Decode(absl::Status (*decode)(absl::string_view, SampleTaker&),
                                 const std::string& bytes) {
    MetricIntervals intervals(sink_);  // a new one: intervals are told each time
    SampleTaker taker(limits_, series_, intervals, Timestamp::FromMillis(kNowS * 1000), "");
    if (const absl::Status status = decode(bytes, taker); !status.ok()) return status;
    return Outcome{sink_.LinesOf(taker.batch()), CountsOf(taker.rejected()), taker.hidden()};
  }

 private:
  const Limits limits_{};
  Metrics metrics_;
  storage::MemoryStore store_;
  ingest::FakeSink sink_;
  HostTags hosts_{store_, metrics_};
  SeriesResolver series_{limits_, sink_, hosts_, metrics_};
};

// The same from the generated classes, straight from the documented mapping.
class Twin {
 public:
  Outcome Of(const MetricPayload& payload) {
    for (const auto& series : payload.series()) AddSeries(series);
    return Take();
  }
  Outcome Of(const SketchPayload& payload) {
    for (const auto& sketch : payload.sketches()) AddSketch(sketch);
    return Take();
  }

 private:
  struct Point {
    int64_t time_s;
    std::string value;
    double number;
  };

  Outcome Take() { return {lines_, CountsOf(tally_), hidden_}; }
  void Reject(ingest::RejectReason reason, uint64_t count = 1) { tally_.Add(reason, count, "x"); }
  bool InTime(int64_t time_s) {
    if (time_s > kNowS + 600) return Reject(ingest::RejectReason::kTooNew), false;
    if (time_s < kNowS - 3600) return Reject(ingest::RejectReason::kTooOld), false;
    return true;
  }
  void AddLines(absl::string_view metric, LabelMaker& maker, const std::vector<Point>& points) {
    const auto name = MetricNameFromDatadog(metric);
    if (!name.ok()) return Reject(ingest::RejectReason::kInvalidName, points.size());
    maker.SetOwn(kMetricName, *name);
    const std::string labels = maker.Build().ToString();
    for (const Point& point : points)
      lines_.push_back(absl::StrCat(labels, " ", point.value, " @", point.time_s * 1000));
  }
  template <typename Message>
  bool IsHidden(const Message& message) {
    if (message.metadata().origin().metric_type() != 9) return false;
    ++hidden_;
    return true;
  }

  void AddSeries(const MetricPayload::MetricSeries& series) {
    if (IsHidden(series)) return;
    LabelMaker maker;
    std::string host;
    for (const auto& resource : series.resources()) {
      if (resource.type() == "host") {
        host = resource.name();
      } else {
        maker.AddTag(resource.type(), resource.name());
      }
    }
    maker.SetOwn("host", NormalTag(host));
    for (const std::string& tag : series.tags()) maker.AddTag(tag);
    const double factor = series.type() == MetricPayload::RATE
                              ? static_cast<double>(std::max<int64_t>(series.interval(), 1))
                              : 1;
    std::vector<Point> points;
    for (const auto& point : series.points()) {
      if (std::isnan(point.value())) {
        Reject(ingest::RejectReason::kNoValue);
      } else if (InTime(point.timestamp())) {
        points.push_back({point.timestamp(), absl::StrCat(point.value() * factor), 0});
      }
    }
    if (points.empty()) return;
    const size_t before = lines_.size();
    AddLines(series.metric(), maker, points);
    if (lines_.size() > before) AddInterval(series, points);
  }
  void AddInterval(const MetricPayload::MetricSeries& series, const std::vector<Point>& points) {
    const bool rate = series.type() == MetricPayload::RATE;
    if ((!rate && series.type() != MetricPayload::COUNT) || series.interval() <= 0) return;
    int64_t newest_s = 0;
    for (const Point& point : points) newest_s = std::max(newest_s, point.time_s);
    const std::string key = absl::StrCat(*MetricNameFromDatadog(series.metric()),
                                         rate ? "\", type=\"rate" : "\", type=\"count");
    auto& [interval, told_s] = told_[absl::StrCat(series.metric(), rate)];
    const bool due = told_s == 0 || (interval != series.interval() && newest_s > told_s) ||
                     newest_s >= told_s + 60;
    if (!due) return;
    interval = series.interval();
    told_s = newest_s;
    lines_.push_back(absl::StrCat("datadog_metric_interval_seconds{metric=\"", key, "\"} ",
                                  interval, " @", newest_s * 1000));
  }

  void AddSketch(const SketchPayload::Sketch& sketch) {
    if (IsHidden(sketch)) return;
    Reject(ingest::RejectReason::kInvalidHistogram,
           static_cast<uint64_t>(sketch.distributions_size()));
    LabelMaker maker;
    maker.SetOwn("host", NormalTag(sketch.host()));
    for (const std::string& tag : sketch.tags()) maker.AddTag(tag);
    std::vector<Point> points;
    for (const auto& point : sketch.dogsketches()) {
      if (point.k_size() != point.n_size() || (point.k_size() == 0 && point.cnt() != 0)) {
        Reject(ingest::RejectReason::kInvalidHistogram);
        continue;
      }
      if (!InTime(point.ts())) continue;
      Distribution distribution;
      for (int i = 0; i < point.k_size(); ++i) distribution.AddSketchKey(point.k(i), point.n(i));
      distribution.AddToSum(point.sum());
      points.push_back({point.ts(), HistogramNotation(*distribution.Build(2048)), 0});
    }
    if (!points.empty()) AddLines(sketch.metric(), maker, points);
  }

  std::vector<std::string> lines_;
  ingest::RejectTally tally_;
  uint64_t hidden_ = 0;
  std::map<std::string, std::pair<int64_t, int64_t>> told_;
};

TEST(PayloadRandomTest, EqualsTheGeneratedClasses) {
  Decoders decoders;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Generator generator(seed);
    const MetricPayload metrics = generator.Metrics();
    const auto series = decoders.Decode(TakeMetricPayload, metrics.SerializeAsString());
    ASSERT_TRUE(series.ok()) << seed << " " << series.status();
    const Outcome wanted = Twin().Of(metrics);
    ASSERT_EQ(series->lines, wanted.lines) << "seed " << seed << "\n" << metrics.DebugString();
    ASSERT_EQ(series->rejected, wanted.rejected) << "seed " << seed << "\n"
                                                 << metrics.DebugString();
    ASSERT_EQ(series->hidden, wanted.hidden) << "seed " << seed;

    const SketchPayload payload = generator.Sketches();
    const auto sketches = decoders.Decode(TakeSketchPayload, payload.SerializeAsString());
    ASSERT_TRUE(sketches.ok()) << seed << " " << sketches.status();
    const Outcome wanted_sketches = Twin().Of(payload);
    ASSERT_EQ(sketches->lines, wanted_sketches.lines) << "seed " << seed << "\n"
                                                      << payload.DebugString();
    ASSERT_EQ(sketches->rejected, wanted_sketches.rejected) << "seed " << seed << "\n"
                                                            << payload.DebugString();
  }
}

TEST(PayloadRandomTest, DamagedBytesAreRefusedOrTaken) {
  Decoders decoders;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Generator generator(seed);
    for (std::string bytes :
         {generator.Metrics().SerializeAsString(), generator.Sketches().SerializeAsString()}) {
      for (int i = generator.Below(4); i >= 0 && !bytes.empty(); --i) {
        bytes[static_cast<size_t>(generator.Below(static_cast<int>(bytes.size())))] =
            static_cast<char>(generator.Below(256));
      }
      bytes.resize(bytes.size() -
                   static_cast<size_t>(generator.Below(static_cast<int>(bytes.size()) + 1)) / 4);
      for (const auto decode : {TakeMetricPayload, TakeSketchPayload}) {
        const auto outcome = decoders.Decode(decode, bytes);
        ASSERT_TRUE(outcome.ok() || absl::IsInvalidArgument(outcome.status()))
            << seed << " " << outcome.status();
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::datadog
