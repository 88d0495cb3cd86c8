// The decoder that walks the wire against one that uses the generated classes, on random requests
// in both versions; and on damaged bytes against nothing but the promise not to crash, hang or read
// beyond the end.

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "integrations/ingest/remote_write_decode.h"
#include "proto/io/prometheus/write/v1/request.pb.h"
#include "proto/io/prometheus/write/v2/request.pb.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::ingest {
namespace {

namespace v1 = io::prometheus::write::v1;
namespace v2 = io::prometheus::write::v2;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);
constexpr int64_t kHourMs = 3'600'000;

// Draws from small sets, so that names, labels and whole series collide often.
class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

  v1::WriteRequest Request() {
    v1::WriteRequest request;
    for (int i = Below(8); i > 0; --i) Series(*request.add_timeseries());
    if (OneIn(4)) request.add_metadata()->set_help("help");
    return request;
  }
  int Below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::string Pick(std::initializer_list<const char*> words) {
    return *(words.begin() + Below(static_cast<int>(words.size())));
  }
  int64_t Time() {
    return kNow.millis() + (OneIn(8) ? Below(3) - 1 : 0) * 2 * kHourMs - Below(1000);
  }
  void Series(v1::TimeSeries& series) {
    if (!OneIn(10)) AddLabel(series, "__name__", Pick({"up", "h", "größe", ""}));
    for (int i = Below(4); i > 0; --i) {
      AddLabel(series, Pick({"a", "b", "c", "le", ""}),
               Pick({"", "x", "größe", "too long", "one too many", "\xff"}));
    }
    for (int i = Below(3); i > 0; --i) {
      v1::Sample& sample = *series.add_samples();
      sample.set_value(OneIn(6) ? StaleMarker() : Below(1000) / 8.0);
      sample.set_timestamp(Time());
    }
    for (int i = Below(3); i > 0; --i) Exemplar(*series.add_exemplars());
    if (OneIn(3)) Histogram(*series.add_histograms());
  }
  static void AddLabel(v1::TimeSeries& series, const std::string& name, const std::string& value) {
    v1::Label& label = *series.add_labels();
    label.set_name(name);
    label.set_value(value);
  }
  void Exemplar(v1::Exemplar& exemplar) {
    exemplar.set_timestamp(Time());
    for (int i = Below(3); i > 0; --i) {
      v1::Label& label = *exemplar.add_labels();
      label.set_name(Pick({"trace_id", "traceID", "span_id", "a"}));
      label.set_value(Pick({"t", "u", "", "größe"}));
    }
  }
  // Sound ones, whose buckets the counts fit.
  void Histogram(v1::Histogram& histogram) {
    histogram.set_timestamp(Time());
    histogram.set_schema(Below(13) - 4);
    histogram.set_sum(Below(100));
    uint64_t total = 0;
    int64_t before = 0;
    for (int spans = Below(3); spans > 0; --spans) {
      v1::BucketSpan& span = *histogram.add_positive_spans();
      span.set_offset(Below(5));
      span.set_length(static_cast<uint32_t>(Below(4)));
      for (uint32_t i = 0; i < span.length(); ++i) {
        const int64_t count = Below(5);
        histogram.add_positive_deltas(count - before);
        before = count;
        total += static_cast<uint64_t>(count);
      }
    }
    histogram.set_count_int(total);
  }

  std::mt19937_64 engine_;
};

// The same request in the other version, its texts in an order of their own.
v2::Request InVersionTwo(const v1::WriteRequest& request) {
  v2::Request out;
  std::vector<std::string> texts = {""};
  const auto place = [&texts](const std::string& text) {
    const auto found = std::find(texts.begin(), texts.end(), text) - texts.begin();
    if (static_cast<size_t>(found) == texts.size()) texts.push_back(text);
    return static_cast<uint32_t>(found);
  };
  for (const v1::TimeSeries& series : request.timeseries()) {
    v2::TimeSeries& to = *out.add_timeseries();
    for (const v1::Label& label : series.labels()) {
      to.add_labels_refs(place(label.name()));
      to.add_labels_refs(place(label.value()));
    }
    for (const v1::Sample& sample : series.samples()) {
      v2::Sample& copy = *to.add_samples();
      copy.set_value(sample.value());
      copy.set_timestamp(sample.timestamp());
    }
    for (const v1::Histogram& histogram : series.histograms()) *to.add_histograms() = histogram;
    for (const v1::Exemplar& exemplar : series.exemplars()) {
      v2::Exemplar& copy = *to.add_exemplars();
      copy.set_timestamp(exemplar.timestamp());
      for (const v1::Label& label : exemplar.labels()) {
        copy.add_labels_refs(place(label.name()));
        copy.add_labels_refs(place(label.value()));
      }
    }
  }
  for (const std::string& text : texts) out.add_symbols(text);
  return out;
}

// Where a series' samples go, by the rules of the header, straight from the messages.
bool IsTaken(const v1::TimeSeries& series) {
  std::vector<std::string> names;
  std::string metric;
  for (const v1::Label& label : series.labels()) {
    const bool refused = label.name().empty() || label.value() == "too long" ||
                         label.value() == "one too many" || label.value() == "\xff";
    if (refused) return false;
    names.push_back(label.name());
    if (label.name() == "__name__") metric = label.value();
  }
  std::sort(names.begin(), names.end());
  return !metric.empty() && std::adjacent_find(names.begin(), names.end()) == names.end();
}

bool IsInTime(int64_t time_ms) {
  return time_ms <= kNow.millis() + 600'000 && time_ms >= kNow.millis() - kHourMs;
}

std::string SeriesText(const v1::TimeSeries& series) {
  LabelsBuilder labels;
  for (const v1::Label& label : series.labels()) labels.Set(label.name(), label.value());
  return labels.Build().ToString();
}

bool NamesATrace(const v1::Exemplar& exemplar) {
  return std::any_of(exemplar.labels().begin(), exemplar.labels().end(), [](const auto& label) {
    const bool name = label.name() == "trace_id" || label.name() == "traceID";
    return name && (label.value() == "t" || label.value() == "u");
  });
}

// The labels of a series in the order they were sent.
std::string SentText(const v1::TimeSeries& series) {
  std::string text;
  for (const v1::Label& label : series.labels()) {
    absl::StrAppend(&text, label.name(), "=", label.value(), "\n");
  }
  return text;
}

struct Expected {
  std::vector<std::string> floats;
  size_t histograms = 0;
  double histogram_count = 0;
  size_t rejected = 0;
  size_t exemplars = 0;
};

// `known`: series that had samples before, as they were sent.
Expected Naive(const v1::WriteRequest& request, std::set<std::string>& known) {
  Expected out;
  for (const v1::TimeSeries& series : request.timeseries()) {
    const auto in_time = [](const auto& one) { return IsInTime(one.timestamp()); };
    const auto any = [&](const auto& all) { return std::any_of(all.begin(), all.end(), in_time); };
    if (IsTaken(series) && (any(series.samples()) || any(series.histograms()))) {
      known.insert(SentText(series));
    }
  }
  for (const v1::TimeSeries& series : request.timeseries()) {
    for (const v1::Sample& sample : series.samples()) {
      if (!IsInTime(sample.timestamp()) || !IsTaken(series)) {
        ++out.rejected;
        continue;
      }
      const std::string value =
          IsStaleMarker(sample.value()) ? "stale" : absl::StrCat(sample.value());
      out.floats.push_back(absl::StrCat(SeriesText(series), " ", value, " @", sample.timestamp()));
    }
    for (const v1::Exemplar& exemplar : series.exemplars()) {
      const bool kept = known.contains(SentText(series)) && NamesATrace(exemplar);
      out.exemplars += kept && IsInTime(exemplar.timestamp()) ? 1 : 0;
    }
    for (const v1::Histogram& histogram : series.histograms()) {
      const bool taken = IsInTime(histogram.timestamp()) && IsTaken(series);
      out.rejected += taken ? 0 : 1;
      out.histograms += taken ? 1 : 0;
      if (taken) out.histogram_count += static_cast<double>(histogram.count_int());
    }
  }
  return out;
}

void Check(const RemoteWriteSamples& got, const Expected& want, const FakeSink& sink) {
  std::vector<std::string> floats;
  double histogram_count = 0;
  const std::vector<std::string> lines = sink.LinesOf(got.batch);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (const NativeHistogram* histogram = got.batch.histogram(i)) {
      histogram_count += histogram->count;
    } else {
      floats.push_back(lines[i]);
    }
  }
  EXPECT_EQ(floats, want.floats);
  EXPECT_EQ(got.floats(), want.floats.size());
  EXPECT_EQ(got.histograms, want.histograms);
  EXPECT_EQ(got.exemplars, want.exemplars);
  EXPECT_EQ(histogram_count, want.histogram_count);
  EXPECT_EQ(got.rejected.total(), want.rejected) << got.rejected.Describe();
}

TEST(RemoteWriteRandomTest, ComesToTheSameAsTheGeneratedClasses) {
  const google::protobuf::LogSilencer silent;  // it would report each text that is not UTF-8
  const Limits limits;
  FakeSink sink;
  ExemplarStore exemplars(10);
  RemoteWriteDecoder decoder(limits, sink, &exemplars);
  std::set<std::string> known;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const v1::WriteRequest request = Generator(seed).Request();
    const Expected want = Naive(request, known);
    const auto first = decoder.Decode(RemoteWriteVersion::kV1, request.SerializeAsString(), kNow);
    ASSERT_TRUE(first.ok()) << first.status();
    Check(*first, want, sink);
    const auto second =
        decoder.Decode(RemoteWriteVersion::kV2, InVersionTwo(request).SerializeAsString(), kNow);
    ASSERT_TRUE(second.ok()) << second.status();
    Check(*second, want, sink);
    if (HasFailure()) return;
  }
}

TEST(RemoteWriteRandomTest, DamagedBytesAreTakenOrRefused) {
  const google::protobuf::LogSilencer silent;  // it would report each text that is not UTF-8
  const Limits limits;
  FakeSink sink;
  ExemplarStore exemplars(10);
  RemoteWriteDecoder decoder(limits, sink, &exemplars);
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Generator random(seed);
    const v1::WriteRequest request = random.Request();
    const bool second = random.OneIn(2);
    std::string bytes =
        second ? InVersionTwo(request).SerializeAsString() : request.SerializeAsString();
    for (int i = 0; i < 4 && !bytes.empty(); ++i) {
      bytes[static_cast<size_t>(random.Below(static_cast<int>(bytes.size())))] =
          static_cast<char>(random.Below(256));
    }
    const auto decoded =
        decoder.Decode(second ? RemoteWriteVersion::kV2 : RemoteWriteVersion::kV1, bytes, kNow);
    if (!decoded.ok()) {
      EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << seed << decoded.status();
    }
  }
}

}  // namespace
}  // namespace tocsin::ingest
