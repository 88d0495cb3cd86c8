#include "integrations/datadog/series_wire.h"

#include "integrations/datadog/payload_wire.h"

namespace tocsin::datadog {
namespace {

using ingest::MergedField;
using ingest::Tag;
using ingest::WireReader;
using ingest::WireType;

bool ReadResource(absl::string_view message, SentIdentity& identity) {
  absl::string_view type, name;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        type = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        name = fields.Bytes();
        break;
      default:
        fields.Skip();
    }
  }
  identity.AddResource(type, name);
  return fields.ok();
}

bool ReadPoint(absl::string_view message, SentSeries& series) {
  double value = 0;
  uint64_t seconds = 0;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kFixed64):
        value = fields.Double();
        break;
      case Tag(2, WireType::kVarint):
        seconds = fields.Varint();
        break;
      default:
        fields.Skip();
    }
  }
  series.points.push_back({MillisOfSeconds(static_cast<int64_t>(seconds)), value, nullptr});
  return fields.ok();
}

MetricType TypeOf(uint64_t type) {
  if (type == 1) return MetricType::kCount;
  return type == 2 ? MetricType::kRate : MetricType::kGauge;
}

// More than `points_max` points are not kept: one more is enough for the whole to be refused.
bool ReadMetricSeries(absl::string_view message, uint64_t points_max, SentSeries& series) {
  MergedField metadata;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        if (!ReadResource(fields.Bytes(), series.identity)) return false;
        break;
      case Tag(2, WireType::kBytes):
        series.identity.metric = fields.Bytes();
        break;
      case Tag(3, WireType::kBytes):
        series.identity.AddTag(fields.Bytes());
        break;
      case Tag(4, WireType::kBytes):
        if (!ReadPoint(fields.Bytes(), series)) return false;
        if (series.points.size() > points_max) return true;
        break;
      case Tag(5, WireType::kVarint):
        series.type = TypeOf(static_cast<uint32_t>(fields.Varint()));
        break;
      case Tag(8, WireType::kVarint):
        series.interval_s = static_cast<int64_t>(fields.Varint());
        break;
      case Tag(9, WireType::kBytes):
        metadata.Add(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok() && ReadHidden(metadata.bytes(), &series.hidden);
}

}  // namespace

absl::Status TakeMetricPayload(absl::string_view body, SampleTaker& taker) {
  const uint64_t points_max = taker.limits().samples_per_request_max;
  return TakePayload(body, "MetricPayload", taker,
                     [&](absl::string_view message, SentSeries& series) {
                       return ReadMetricSeries(message, points_max, series);
                     });
}

}  // namespace tocsin::datadog
