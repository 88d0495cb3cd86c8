#include "integrations/ingest/remote_write_decode.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/remote_write_histogram.h"
#include "integrations/ingest/remote_write_labels.h"
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

// Field numbers of a series, which differ between the versions.
struct SeriesFields {
  uint32_t labels;
  uint32_t samples;
  uint32_t histograms;
};
constexpr SeriesFields kFieldsV1 = {.labels = 1, .samples = 2, .histograms = 4};
constexpr SeriesFields kFieldsV2 = {.labels = 1, .samples = 2, .histograms = 3};

absl::Status Malformed(RemoteWriteVersion version) {
  return absl::InvalidArgumentError(absl::StrCat(
      "not a well-formed ", version == RemoteWriteVersion::kV1 ? "prometheus.WriteRequest"
                                                               : "io.prometheus.write.v2.Request"));
}

// The labels of a series whose samples wait for its reference: one of both, as sent.
struct PendingLabels {
  absl::string_view fields;  // 1.0: the fields `labels`, one after the other
  size_t places_begin = 0;   // 2.0: in places_
  size_t places_end = 0;
};

void Shorten(SampleBatch& batch, size_t size) {
  batch.refs.resize(size);
  batch.times_ms.resize(size);
  batch.values.resize(size);
  if (batch.histograms.size() > size) batch.histograms.resize(size);
}

bool ReadLabel(absl::string_view message, LabelView& label) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        label.name = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        label.value = fields.Bytes();
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

// The walk over one request.
class Walk {
 public:
  Walk(RemoteWriteVersion version, const Limits& limits, engine::SampleSink& sink,
       SeriesCache& cache, Timestamp now, BudgetLease* room, absl::string_view sender)
      : version_(version),
        fields_(version == RemoteWriteVersion::kV1 ? kFieldsV1 : kFieldsV2),
        limits_(limits),
        sink_(sink),
        cache_(cache),
        room_(room),
        sender_(sender),
        oldest_ms_(now.millis() - static_cast<int64_t>(limits.past_ms_max)),
        newest_ms_(now.millis() + static_cast<int64_t>(limits.future_ms_max)) {}

  absl::Status Request(absl::string_view message);
  RemoteWriteSamples Take() { return std::move(out_); }

 private:
  absl::Status Symbols(absl::string_view message);
  absl::Status Series(absl::string_view message);
  absl::Status LabelField(WireReader& fields, const char* begin);
  void EndLabels(size_t first_sample);
  void TakeBack(size_t first_sample, absl::string_view detail);
  absl::Status OneSample(absl::string_view message);
  absl::Status OneHistogram(absl::string_view message);
  bool InTime(int64_t time_ms);
  absl::Status CountSamples(uint64_t samples);
  absl::Status TakeRoom(uint64_t bytes, absl::string_view what);

  absl::Status LookUpPending();
  absl::StatusOr<SeriesRef> NewSeries(size_t i);
  absl::StatusOr<SentLabels> LabelsOf(const PendingLabels& pending) const;
  void Settle();

  const RemoteWriteVersion version_;
  const SeriesFields fields_;
  const Limits& limits_;
  engine::SampleSink& sink_;
  SeriesCache& cache_;
  BudgetLease* const room_;
  const absl::string_view sender_;
  const int64_t oldest_ms_;
  const int64_t newest_ms_;

  RemoteWriteSamples out_;
  uint64_t samples_ = 0;      // seen in the whole request; an empty series counts as one
  uint64_t taken_bytes_ = 0;  // of symbols and histograms
  SymbolTable symbols_;

  // Of the series being walked.
  absl::string_view labels_;
  bool labels_apart_ = false;  // other fields stand between its labels

  // Series not yet looked up, at most kSeriesPerLookup. Samples of out_.batch from settled_ on have
  // the place of their series here instead of a reference.
  std::vector<PendingLabels> pending_;
  std::vector<absl::uint128> keys_;
  std::vector<SeriesRef> refs_;
  std::vector<std::pair<RejectReason, std::string>> refusals_;  // of those whose ref is 0
  std::vector<uint32_t> places_;
  std::deque<std::string> joined_labels_;
  size_t settled_ = 0;
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
    if (pending_.size() >= kSeriesPerLookup) TOCSIN_RETURN_IF_ERROR(LookUpPending());
  }
  if (!fields.ok()) return Malformed(version_);
  return LookUpPending();
}

absl::Status Walk::Symbols(absl::string_view message) {
  constexpr uint32_t kSymbol = Tag(4, WireType::kBytes);
  size_t count = 0;
  WireReader search(message);
  while (search.Next()) {
    if (search.tag() == kSymbol) ++count;
    search.Skip();
  }
  if (!search.ok()) return Malformed(version_);
  TOCSIN_RETURN_IF_ERROR(TakeRoom(count * SymbolTable::kBytesPerSymbol, "symbols"));
  symbols_.Reserve(count);
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == kSymbol) {
      symbols_.Add(fields.Bytes());
    } else {
      fields.Skip();
    }
  }
  return absl::OkStatus();
}

absl::Status Walk::Series(absl::string_view message) {
  const uint64_t samples_before = samples_;
  const size_t first_sample = out_.batch.size();
  const uint32_t sample = Tag(fields_.samples, WireType::kBytes);
  const uint32_t histogram = Tag(fields_.histograms, WireType::kBytes);
  labels_ = {};
  labels_apart_ = false;
  pending_.push_back({.places_begin = places_.size()});
  WireReader fields(message);
  for (const char* begin = message.data(); fields.Next(); begin = fields.position()) {
    if (fields.tag() >> 3 == fields_.labels) {
      TOCSIN_RETURN_IF_ERROR(LabelField(fields, begin));
    } else if (fields.tag() == sample) {
      TOCSIN_RETURN_IF_ERROR(CountSamples(1));
      TOCSIN_RETURN_IF_ERROR(OneSample(fields.Bytes()));
    } else if (fields.tag() == histogram) {
      TOCSIN_RETURN_IF_ERROR(CountSamples(1));
      TOCSIN_RETURN_IF_ERROR(OneHistogram(fields.Bytes()));
    } else {
      fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed(version_);
  if (labels_apart_) labels_ = joined_labels_.back();
  // A series without samples is a few bytes and takes about as long to walk as a sample.
  if (samples_ == samples_before) TOCSIN_RETURN_IF_ERROR(CountSamples(1));
  EndLabels(first_sample);
  return absl::OkStatus();
}

// One field of the number that labels have: a message in 1.0, places in 2.0, packed or one by one.
absl::Status Walk::LabelField(WireReader& fields, const char* begin) {
  const bool packed = fields.tag() == Tag(fields_.labels, WireType::kBytes);
  const bool single = fields.tag() == Tag(fields_.labels, WireType::kVarint);
  if (version_ == RemoteWriteVersion::kV2 && single) {
    places_.push_back(static_cast<uint32_t>(fields.Varint()));
    return absl::OkStatus();
  }
  if (!packed) {
    fields.Skip();
    return absl::OkStatus();
  }
  const absl::string_view bytes = fields.Bytes();
  if (version_ == RemoteWriteVersion::kV2) {
    WireReader places(bytes);
    while (places.position() != bytes.data() + bytes.size()) {
      places_.push_back(static_cast<uint32_t>(places.Varint()));
      if (!places.ok()) return Malformed(version_);
    }
    return absl::OkStatus();
  }
  const auto size = static_cast<size_t>(fields.position() - begin);
  const absl::string_view field(begin, fields.ok() ? size : 0);
  if (labels_apart_) {
    joined_labels_.back().append(field.data(), field.size());
  } else if (labels_.empty()) {
    labels_ = field;
  } else if (labels_.data() + labels_.size() == field.data()) {
    labels_ = absl::string_view(labels_.data(), labels_.size() + field.size());
  } else {
    labels_apart_ = true;
    joined_labels_.push_back(absl::StrCat(labels_, field));
  }
  return absl::OkStatus();
}

// The series that was walked goes to those that wait, unless all its samples were rejected already.
void Walk::EndLabels(size_t first_sample) {
  PendingLabels& pending = pending_.back();
  pending.fields = labels_;
  pending.places_end = places_.size();
  if (out_.batch.size() == first_sample) {
    places_.resize(pending.places_begin);
    pending_.pop_back();
    return;
  }
  absl::uint128 key = 0;
  if (version_ == RemoteWriteVersion::kV1) {
    key = Fingerprint128(labels_);
  } else {
    const std::span<const uint32_t> all(places_);
    const auto places =
        all.subspan(pending.places_begin, pending.places_end - pending.places_begin);
    if (places.size() % 2 != 0 || !symbols_.KeyOf(places, key)) {
      TakeBack(first_sample, "labels_refs name symbols that are not there");
      pending_.pop_back();
      return;
    }
  }
  keys_.push_back(key);
}

// The newest samples are of no series.
void Walk::TakeBack(size_t first_sample, absl::string_view detail) {
  SampleBatch& batch = out_.batch;
  out_.rejected.Add(RejectReason::kInvalidLabel, batch.size() - first_sample, detail);
  Shorten(batch, first_sample);
}

absl::Status Walk::OneSample(absl::string_view message) {
  double value = 0;
  int64_t time_ms = 0;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kFixed64):
        value = fields.Double();
        break;
      case Tag(2, WireType::kVarint):
        time_ms = static_cast<int64_t>(fields.Varint());
        break;
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed(version_);
  if (InTime(time_ms)) out_.batch.Add(pending_.size() - 1, time_ms, value);
  return absl::OkStatus();
}

absl::Status Walk::OneHistogram(absl::string_view message) {
  SentHistogram sent = ReadSentHistogram(message, limits_.histogram_buckets_max);
  if (sent.malformed) return Malformed(version_);
  if (!InTime(sent.time_ms)) return absl::OkStatus();
  if (sent.reason) {
    out_.rejected.Add(*sent.reason, 1, sent.detail);
  } else if (sent.stale) {
    out_.batch.Add(pending_.size() - 1, sent.time_ms, StaleMarker());
  } else {
    TOCSIN_RETURN_IF_ERROR(
        TakeRoom(HistogramBytes(*sent.histogram) + kHistogramPlaceBytes, "histograms"));
    out_.batch.Add(pending_.size() - 1, sent.time_ms, std::move(sent.histogram));
  }
  return absl::OkStatus();
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

absl::Status Walk::LookUpPending() {
  refs_.assign(pending_.size(), 0);
  refusals_.clear();
  cache_.Find(keys_, refs_);
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (refs_[i] != 0) [[likely]]
      continue;
    TOCSIN_ASSIGN_OR_RETURN(refs_[i], NewSeries(i));
    if (refs_[i] != 0) cache_.Insert(keys_[i], refs_[i]);
  }
  Settle();
  pending_.clear();
  keys_.clear();
  places_.clear();
  joined_labels_.clear();
  return absl::OkStatus();
}

// 0: refused, and refusals_ says why.
absl::StatusOr<SeriesRef> Walk::NewSeries(size_t i) {
  const auto refuse = [&](RejectReason reason, std::string detail) {
    refusals_.resize(pending_.size());
    refusals_[i] = {reason, std::move(detail)};
    return SeriesRef{0};
  };
  TOCSIN_ASSIGN_OR_RETURN(SentLabels sent, LabelsOf(pending_[i]));
  if (sent.reason) return refuse(*sent.reason, std::move(sent.detail));
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender_, sent.labels);
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    return refuse(ReasonOfResolve(ref.status()), std::string(ref.status().message()));
  }
  return ref;
}

absl::StatusOr<SentLabels> Walk::LabelsOf(const PendingLabels& pending) const {
  std::vector<LabelView> labels;
  for (size_t i = pending.places_begin; i < pending.places_end; i += 2) {
    labels.push_back({symbols_[places_[i]], symbols_[places_[i + 1]]});
  }
  WireReader fields(pending.fields);
  while (fields.Next()) {
    LabelView label;
    if (!ReadLabel(fields.Bytes(), label)) return Malformed(version_);
    labels.push_back(label);
  }
  return MakeLabels(labels, limits_);
}

// Gives the samples that waited their references, and takes out those of refused series.
void Walk::Settle() {
  SampleBatch& batch = out_.batch;
  size_t end = settled_;
  for (size_t i = settled_; i < batch.size(); ++i) {
    const size_t series = batch.refs[i];
    const bool has_histogram = batch.histogram(i) != nullptr;
    if (refs_[series] == 0) [[unlikely]] {
      out_.rejected.Add(refusals_[series].first, 1, refusals_[series].second);
      if (has_histogram) batch.histograms[i] = nullptr;
      continue;
    }
    batch.refs[end] = refs_[series];
    if (end != i) {
      batch.times_ms[end] = batch.times_ms[i];
      batch.values[end] = batch.values[i];
      if (has_histogram) batch.histograms[end] = std::move(batch.histograms[i]);
    }
    out_.histograms += has_histogram ? 1 : 0;
    ++end;
  }
  Shorten(batch, end);
  settled_ = end;
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
  Walk walk(version, limits_, sink_, cache_, now, room, sender);
  TOCSIN_RETURN_IF_ERROR(walk.Request(request));
  return walk.Take();
}

}  // namespace tocsin::ingest
