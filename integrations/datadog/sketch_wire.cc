#include "integrations/datadog/sketch_wire.h"

#include <vector>

#include "integrations/datadog/distribution.h"
#include "integrations/datadog/payload_wire.h"

namespace tocsin::datadog {
namespace {

using ingest::MergedField;
using ingest::Tag;
using ingest::WireReader;
using ingest::WireType;

constexpr size_t kBinsMax =
    1 << 16;  // of one sketch; an Agent has 4096, and more where keys repeat

// One message Dogsketch.
struct Dogsketch {
  int64_t seconds = 0;
  uint64_t count = 0;
  double sum = 0;
  std::vector<int32_t> keys;
  std::vector<uint32_t> counts;
};

int32_t UnZigZag32(uint64_t sent) {
  const auto bits = static_cast<uint32_t>(sent);
  return static_cast<int32_t>((bits >> 1) ^ (0 - (bits & 1)));
}

template <typename Fn>
bool ForEachPacked(absl::string_view packed, Fn take) {
  WireReader numbers(packed);
  const char* end = packed.data() + packed.size();
  while (numbers.ok() && numbers.position() != end) {
    const uint64_t number = numbers.Varint();
    if (numbers.ok()) take(number);
  }
  return numbers.ok();
}

bool ReadDogsketch(absl::string_view message, Dogsketch& sketch) {
  const auto add_key = [&](uint64_t sent) {
    if (sketch.keys.size() <= kBinsMax) sketch.keys.push_back(UnZigZag32(sent));
  };
  const auto add_count = [&](uint64_t sent) {
    if (sketch.counts.size() <= kBinsMax) sketch.counts.push_back(static_cast<uint32_t>(sent));
  };
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint):
        sketch.seconds = static_cast<int64_t>(fields.Varint());
        break;
      case Tag(2, WireType::kVarint):
        sketch.count = fields.Varint();
        break;
      case Tag(6, WireType::kFixed64):
        sketch.sum = fields.Double();
        break;
      case Tag(7, WireType::kBytes):
        if (!ForEachPacked(fields.Bytes(), add_key)) return false;
        break;
      case Tag(7, WireType::kVarint):
        add_key(fields.Varint());
        break;
      case Tag(8, WireType::kBytes):
        if (!ForEachPacked(fields.Bytes(), add_count)) return false;
        break;
      case Tag(8, WireType::kVarint):
        add_count(fields.Varint());
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

// The bins are what counts; `count` only says that some were to be expected.
void AddSketch(const Dogsketch& sketch, size_t buckets_max, SentSeries& series) {
  if (sketch.keys.size() != sketch.counts.size() || sketch.keys.size() > kBinsMax ||
      (sketch.keys.empty() && sketch.count != 0)) {
    ++series.bad_histograms;
    return;
  }
  Distribution distribution;
  for (size_t i = 0; i < sketch.keys.size(); ++i)
    distribution.AddSketchKey(sketch.keys[i], sketch.counts[i]);
  distribution.AddToSum(sketch.sum);
  series.points.push_back({MillisOfSeconds(sketch.seconds), 0, distribution.Build(buckets_max)});
}

bool ReadSketchSeries(absl::string_view message, const Limits& limits, SentSeries& series) {
  MergedField metadata;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        series.identity.metric = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        series.identity.host = fields.Bytes();
        break;
      case Tag(3, WireType::kBytes):
        fields.Bytes();
        ++series.bad_histograms;
        break;
      case Tag(4, WireType::kBytes):
        series.identity.AddTag(fields.Bytes());
        break;
      case Tag(7, WireType::kBytes): {
        Dogsketch sketch;
        if (!ReadDogsketch(fields.Bytes(), sketch)) return false;
        AddSketch(sketch, limits.histogram_buckets_max, series);
        if (series.points.size() > limits.samples_per_request_max) return true;
        break;
      }
      case Tag(8, WireType::kBytes):
        metadata.Add(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok() && ReadHidden(metadata.bytes(), &series.hidden);
}

}  // namespace

absl::Status TakeSketchPayload(absl::string_view body, SampleTaker& taker) {
  return TakePayload(body, "SketchPayload", taker,
                     [&](absl::string_view message, SentSeries& series) {
                       return ReadSketchSeries(message, taker.limits(), series);
                     });
}

}  // namespace tocsin::datadog
