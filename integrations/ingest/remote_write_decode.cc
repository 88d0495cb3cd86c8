#include "integrations/ingest/remote_write_decode.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_delta.h"
#include "integrations/ingest/remote_write_exemplar.h"
#include "integrations/ingest/remote_write_histogram.h"
#include "integrations/ingest/remote_write_series.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

// Series gathered before they are looked up together: enough to spread the cost of the cache's
// lock, few enough to stay in the processor's cache.
constexpr size_t kSeriesPerLookup = 512;
// The shortest series with a sample on the wire, and what a sample takes in a batch that grows by
// doubling.
constexpr uint64_t kSampleBytesMin = 4;
constexpr uint64_t kBatchBytesPerSample = 2 * (sizeof(SeriesRef) + sizeof(Sample));
// Of a histogram on its way, besides itself: its owners' count, and its place in a batch.
constexpr uint64_t kHistogramPlaceBytes = 16 + 2 * sizeof(HistogramPtr);

// Field numbers of a series.
struct SeriesFields {
  uint32_t samples;
  uint32_t histograms;
  uint32_t exemplars;
};
constexpr SeriesFields kFieldsV1 = {.samples = 2, .histograms = 4, .exemplars = 3};
constexpr SeriesFields kFieldsV2 = {.samples = 2, .histograms = 3, .exemplars = 4};
constexpr uint32_t kMetadataV2 = 5;
// Types of metadata whose series do not count from a start on.
constexpr uint64_t kGauge = 2, kGaugeHistogram = 4, kInfo = 6, kStateSet = 7;

// The walk over one request.
class Walk {
 public:
  Walk(RemoteWriteVersion version, const Limits& limits, engine::SampleSink& sink,
       SeriesCache& cache, ExemplarStore* exemplars, Timestamp now, BudgetLease* room,
       absl::string_view sender)
      : version_(version),
        fields_(version == RemoteWriteVersion::kV1 ? kFieldsV1 : kFieldsV2),
        limits_(limits),
        room_(room),
        oldest_ms_(now.millis() - static_cast<int64_t>(limits.past_ms_max)),
        newest_ms_(now.millis() + static_cast<int64_t>(limits.future_ms_max)),
        exemplars_left_(exemplars == nullptr ? 0 : RemoteWriteDecoder::kExemplarsMax),
        pending_(version, limits, sink, cache, exemplars, sender, out_) {}

  absl::Status Request(absl::string_view message);
  RemoteWriteSamples Take() { return std::move(out_); }

 private:
  absl::Status Symbols(absl::string_view message);
  absl::Status Series(absl::string_view message);
  absl::Status OneSample(absl::string_view message);
  absl::Status OneHistogram(absl::string_view message);
  bool OneMetadata(absl::string_view message);
  bool IsStart(int64_t start_ms, int64_t time_ms) const;
  void OneExemplar(absl::string_view message);
  bool InTime(int64_t time_ms);
  absl::Status CountSamples(uint64_t samples);
  absl::Status TakeRoom(uint64_t bytes, absl::string_view what);

  const RemoteWriteVersion version_;
  const SeriesFields fields_;
  const Limits& limits_;
  BudgetLease* const room_;
  const int64_t oldest_ms_;
  const int64_t newest_ms_;

  RemoteWriteSamples out_;
  uint64_t samples_ = 0;      // seen in the whole request; an empty series counts as one
  uint64_t taken_bytes_ = 0;  // of symbols and histograms
  size_t exemplars_left_;
  PendingSeries pending_;
};

absl::Status Walk::Request(absl::string_view message) {
  // A series may stand before the symbols that it names.
  if (version_ == RemoteWriteVersion::kV2) TOCSIN_RETURN_IF_ERROR(Symbols(message));
  const uint32_t series = Tag(version_ == RemoteWriteVersion::kV1 ? 1 : 5, WireType::kBytes);
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() != series) {
      fields.Skip();
      continue;
    }
    TOCSIN_RETURN_IF_ERROR(Series(fields.Bytes()));
    if (pending_.size() >= kSeriesPerLookup) TOCSIN_RETURN_IF_ERROR(pending_.LookUp());
  }
  if (!fields.ok()) return MalformedRemoteWrite(version_);
  return pending_.LookUp();
}

absl::Status Walk::Symbols(absl::string_view message) {
  constexpr uint32_t kSymbol = Tag(4, WireType::kBytes);
  size_t count = 0;
  WireReader search(message);
  while (search.Next()) {
    if (search.tag() == kSymbol) ++count;
    search.Skip();
  }
  if (!search.ok()) return MalformedRemoteWrite(version_);
  TOCSIN_RETURN_IF_ERROR(TakeRoom(count * SymbolTable::kBytesPerSymbol, "symbols"));
  pending_.symbols().Reserve(count);
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == kSymbol) {
      pending_.symbols().Add(fields.Bytes());
    } else {
      fields.Skip();
    }
  }
  return absl::OkStatus();
}

absl::Status Walk::Series(absl::string_view message) {
  const uint64_t samples_before = samples_;
  const uint32_t sample = Tag(fields_.samples, WireType::kBytes);
  const uint32_t histogram = Tag(fields_.histograms, WireType::kBytes);
  constexpr uint32_t kMetadata = Tag(kMetadataV2, WireType::kBytes);
  const uint32_t exemplar = Tag(fields_.exemplars, WireType::kBytes);
  pending_.Begin();
  WireReader fields(message);
  for (const char* begin = message.data(); fields.Next(); begin = fields.position()) {
    if (fields.tag() >> 3 == PendingSeries::kLabelsField) {
      if (!pending_.AddLabelField(fields, begin)) return MalformedRemoteWrite(version_);
    } else if (fields.tag() == sample) {
      TOCSIN_RETURN_IF_ERROR(CountSamples(1));
      TOCSIN_RETURN_IF_ERROR(OneSample(fields.Bytes()));
    } else if (fields.tag() == histogram) {
      TOCSIN_RETURN_IF_ERROR(CountSamples(1));
      TOCSIN_RETURN_IF_ERROR(OneHistogram(fields.Bytes()));
    } else if (version_ == RemoteWriteVersion::kV2 && fields.tag() == kMetadata) {
      if (!OneMetadata(fields.Bytes())) return MalformedRemoteWrite(version_);
    } else if (fields.tag() == exemplar && exemplars_left_ > 0) {
      --exemplars_left_;
      OneExemplar(fields.Bytes());
    } else {
      fields.Skip();
    }
  }
  if (!fields.ok()) return MalformedRemoteWrite(version_);
  // A series without samples is a few bytes and takes about as long to walk as a sample.
  if (samples_ == samples_before) TOCSIN_RETURN_IF_ERROR(CountSamples(1));
  pending_.End();
  return absl::OkStatus();
}

absl::Status Walk::OneSample(absl::string_view message) {
  double value = 0;
  int64_t time_ms = 0;
  int64_t start_ms = 0;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kFixed64):
        value = fields.Double();
        break;
      case Tag(2, WireType::kVarint):
        time_ms = static_cast<int64_t>(fields.Varint());
        break;
      case Tag(3, WireType::kVarint):
        start_ms = static_cast<int64_t>(fields.Varint());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return MalformedRemoteWrite(version_);
  if (!InTime(time_ms)) return absl::OkStatus();
  if (IsStart(start_ms, time_ms)) pending_.AddStart(start_ms, 0.0);
  out_.batch.Add(pending_.newest(), time_ms, value);
  return absl::OkStatus();
}

absl::Status Walk::OneHistogram(absl::string_view message) {
  SentHistogram sent = ReadSentHistogram(message, limits_.histogram_buckets_max);
  if (sent.malformed) return MalformedRemoteWrite(version_);
  if (!InTime(sent.time_ms)) return absl::OkStatus();
  if (sent.reason) {
    out_.rejected.Add(*sent.reason, 1, sent.detail);
  } else if (sent.stale) {
    out_.batch.Add(pending_.newest(), sent.time_ms, StaleMarker());
  } else {
    TOCSIN_RETURN_IF_ERROR(
        TakeRoom(HistogramBytes(*sent.histogram) + kHistogramPlaceBytes, "histograms"));
    if (IsStart(sent.start_ms, sent.time_ms)) {
      HistogramPtr empty = EmptyLike(*sent.histogram);
      TOCSIN_RETURN_IF_ERROR(TakeRoom(HistogramBytes(*empty) + kHistogramPlaceBytes, "histograms"));
      pending_.AddStart(sent.start_ms, std::move(empty));
    }
    out_.batch.Add(pending_.newest(), sent.time_ms, std::move(sent.histogram));
  }
  return absl::OkStatus();
}

bool Walk::OneMetadata(absl::string_view message) {
  uint64_t type = 0;
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kVarint)) {
      type = fields.Varint();
    } else {
      fields.Skip();
    }
  }
  if (type == kGauge || type == kGaugeHistogram || type == kInfo || type == kStateSet) {
    pending_.SetGauge();
  }
  return fields.ok();
}

// Some senders count from a first value on, which they say by its time as the start.
bool Walk::IsStart(int64_t start_ms, int64_t time_ms) const {
  return version_ == RemoteWriteVersion::kV2 && start_ms > 0 && start_ms < time_ms &&
         start_ms >= oldest_ms_;
}

void Walk::OneExemplar(absl::string_view message) {
  const auto exemplar = ReadSentExemplar(version_, message, pending_.symbols());
  if (!exemplar) return;
  const int64_t time_ms = exemplar->time.millis();
  if (time_ms >= oldest_ms_ && time_ms <= newest_ms_) pending_.AddExemplar(*exemplar);
}

bool Walk::InTime(int64_t time_ms) {
  const bool too_new = time_ms > newest_ms_;
  if (!too_new && time_ms >= oldest_ms_) [[likely]]
    return true;
  out_.rejected.AddOne(too_new ? RejectReason::kTooNew : RejectReason::kTooOld, [&] {
    return absl::StrCat("dated ", FormatTimestamp(Timestamp::FromMillis(time_ms)), ", beyond ",
                        too_new ? "future_ms_max" : "past_ms_max");
  });
  return false;
}

absl::Status Walk::CountSamples(uint64_t samples) {
  samples_ += samples;
  if (samples_ <= limits_.samples_per_request_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", limits_.samples_per_request_max,
                   " samples and empty series (samples_per_request_max)"));
}

// What is small on the wire and large in memory takes room for what came, and has a limit also
// where it has all room to itself.
absl::Status Walk::TakeRoom(uint64_t bytes, absl::string_view what) {
  taken_bytes_ += bytes;
  if (taken_bytes_ > limits_.ingest_decode_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(what, " that take more than ",
                                                     limits_.ingest_decode_bytes_max,
                                                     " bytes (ingest_decode_bytes_max)"));
  }
  return room_ == nullptr ? absl::OkStatus() : room_->Grow(bytes);
}

}  // namespace

absl::StatusOr<RemoteWriteSamples> RemoteWriteDecoder::Decode(RemoteWriteVersion version,
                                                              absl::string_view request,
                                                              Timestamp now, BudgetLease* room,
                                                              absl::string_view sender) {
  if (request.size() > limits_.request_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("request of ", request.size(),
                                                     " bytes; at most ", limits_.request_bytes_max,
                                                     " are taken (request_bytes_max)"));
  }
  // The batch, whose columns grow by doubling.
  const uint64_t samples =
      std::min<uint64_t>(request.size() / kSampleBytesMin, limits_.samples_per_request_max);
  if (room != nullptr) TOCSIN_RETURN_IF_ERROR(room->Grow(samples * kBatchBytesPerSample));
  Walk walk(version, limits_, sink_, cache_, exemplars_, now, room, sender);
  const absl::Status walked = walk.Request(request);
  RemoteWriteSamples taken = walk.Take();
  if (walked.ok()) return taken;
  ForgetStarts(taken.begun);
  return walked;
}

}  // namespace tocsin::ingest
