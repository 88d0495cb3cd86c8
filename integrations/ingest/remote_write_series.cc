#include "integrations/ingest/remote_write_series.h"

#include <span>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::ingest {
namespace {

void Shorten(SampleBatch& batch, size_t size) {
  batch.refs.resize(size);
  batch.times_ms.resize(size);
  batch.values.resize(size);
  if (batch.histograms.size() > size) batch.histograms.resize(size);
}

}  // namespace

absl::Status MalformedRemoteWrite(RemoteWriteVersion version) {
  return absl::InvalidArgumentError(absl::StrCat(
      "not a well-formed ", version == RemoteWriteVersion::kV1 ? "prometheus.WriteRequest"
                                                               : "io.prometheus.write.v2.Request"));
}

void PendingSeries::Begin() {
  first_sample_ = out_.batch.size();
  labels_apart_ = false;
  pending_.push_back({.places_begin = places_.size()});
}

// A message in 1.0; places in 2.0, packed or one by one.
bool PendingSeries::AddLabelField(WireReader& fields, const char* begin) {
  const bool bytes = fields.tag() == Tag(kLabelsField, WireType::kBytes);
  const bool number = fields.tag() == Tag(kLabelsField, WireType::kVarint);
  if (version_ == RemoteWriteVersion::kV2 && number) {
    places_.push_back(static_cast<uint32_t>(fields.Varint()));
  } else if (version_ == RemoteWriteVersion::kV2 && bytes) {
    return AddPlaces(fields.Bytes());
  } else if (version_ == RemoteWriteVersion::kV1 && bytes) {
    fields.Bytes();
    if (!fields.ok()) return false;
    AddLabels({begin, static_cast<size_t>(fields.position() - begin)});
  } else {
    fields.Skip();
  }
  return fields.ok();
}

bool PendingSeries::AddPlaces(absl::string_view packed) {
  WireReader places(packed);
  while (places.position() != packed.data() + packed.size()) {
    places_.push_back(static_cast<uint32_t>(places.Varint()));
    if (!places.ok()) return false;
  }
  return true;
}

// Labels stand together in what every known sender writes; one view then covers them.
void PendingSeries::AddLabels(absl::string_view field) {
  absl::string_view& labels = pending_.back().labels;
  if (labels_apart_) {
    joined_labels_.back().append(field.data(), field.size());
    labels = joined_labels_.back();
  } else if (labels.empty()) {
    labels = field;
  } else if (labels.data() + labels.size() == field.data()) {
    labels = absl::string_view(labels.data(), labels.size() + field.size());
  } else {
    labels_apart_ = true;
    joined_labels_.push_back(absl::StrCat(labels, field));
    labels = joined_labels_.back();
  }
}

void PendingSeries::End() {
  SentFields& sent = pending_.back();
  sent.places_end = places_.size();
  SampleBatch& batch = out_.batch;
  sent.has_samples = batch.size() > first_sample_;
  const bool has_exemplars = !sent_exemplars_.empty() && sent_exemplars_.back().first == newest();
  absl::uint128 key = 0;
  if ((sent.has_samples || has_exemplars) && KeyOf(sent, key)) {
    keys_.push_back(key);
    return;
  }
  const size_t starts = std::erase_if(starts_, [&](size_t i) { return i >= first_sample_; });
  out_.rejected.Add(RejectReason::kInvalidLabel, batch.size() - first_sample_ - starts,
                    "labels_refs name symbols that are not there");
  Shorten(batch, first_sample_);
  while (!sent_exemplars_.empty() && sent_exemplars_.back().first == newest()) {
    sent_exemplars_.pop_back();
  }
  places_.resize(sent.places_begin);
  pending_.pop_back();
}

bool PendingSeries::KeyOf(const SentFields& sent, absl::uint128& key) const {
  if (version_ == RemoteWriteVersion::kV1) {
    key = Fingerprint128(sent.labels);
    return true;
  }
  const std::span<const uint32_t> all(places_);
  const auto places = all.subspan(sent.places_begin, sent.places_end - sent.places_begin);
  return places.size() % 2 == 0 && symbols_.KeyOf(places, key);
}

absl::Status PendingSeries::LookUp() {
  known_.assign(pending_.size(), KnownSeries());
  refusals_.clear();
  cache_.Find(keys_, known_);
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (known_[i].ref != 0 || !pending_[i].has_samples) [[likely]]
      continue;
    TOCSIN_ASSIGN_OR_RETURN(known_[i].ref, NewSeries(i));
    if (known_[i].ref != 0) cache_.Insert(keys_[i], known_[i].ref);
  }
  Settle();
  KeepExemplars();
  pending_.clear();
  keys_.clear();
  places_.clear();
  joined_labels_.clear();
  starts_.clear();
  return absl::OkStatus();
}

// 0: refused, and refusals_ says why.
absl::StatusOr<SeriesRef> PendingSeries::NewSeries(size_t i) {
  const auto refuse = [&](RejectReason reason, std::string detail) {
    refusals_.resize(pending_.size());
    refusals_[i] = {reason, std::move(detail)};
    return SeriesRef{0};
  };
  TOCSIN_ASSIGN_OR_RETURN(SentLabels labels, LabelsOf(pending_[i]));
  if (labels.reason) return refuse(*labels.reason, std::move(labels.detail));
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender_, labels.labels);
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    return refuse(ReasonOfResolve(ref.status()), std::string(ref.status().message()));
  }
  return ref;
}

absl::StatusOr<SentLabels> PendingSeries::LabelsOf(const SentFields& sent) const {
  std::vector<LabelView> labels;
  for (size_t i = sent.places_begin; i < sent.places_end; i += 2) {
    labels.push_back({symbols_[places_[i]], symbols_[places_[i + 1]]});
  }
  WireReader fields(sent.labels);
  while (fields.Next()) {
    LabelView label;
    if (!ReadSentLabel(fields.Bytes(), label)) return MalformedRemoteWrite(version_);
    labels.push_back(label);
  }
  return MakeLabels(labels, limits_);
}

// Only a start that is newer than all we were told of, as with OTLP.
bool PendingSeries::IsNewStart(size_t series, int64_t start_ms) {
  const SentFields& sent = pending_[series];
  const uint64_t start_ns = static_cast<uint64_t>(start_ms) * 1'000'000;
  if (sent.gauge || start_ns <= known_[series].start_ns) return false;
  for (size_t i = sent.places_begin; i < sent.places_end; i += 2) {
    if (symbols_[places_[i]] == "quantile") return false;  // of a summary: it does not count
  }
  known_[series].start_ns = start_ns;
  return cache_.Advance(keys_[series], known_[series].ref, start_ns);
}

// They come in series without samples, behind those that have some: what was new a moment ago is
// known by now.
void PendingSeries::KeepExemplars() {
  if (sent_exemplars_.empty()) return;
  cache_.Find(keys_, std::span(known_));
  for (const auto& [series, exemplar] : sent_exemplars_) {
    if (known_[series].ref == 0) continue;
    exemplars_->Add(known_[series].ref, exemplar.ToExemplar());
    ++out_.exemplars;
  }
  sent_exemplars_.clear();
}

// Gives the samples that waited their references, and takes out those of refused series and starts
// that say nothing new.
void PendingSeries::Settle() {
  SampleBatch& batch = out_.batch;
  size_t end = settled_;
  auto next_start = starts_.begin();
  for (size_t i = settled_; i < batch.size(); ++i) {
    const size_t series = batch.refs[i];
    const bool has_histogram = batch.histogram(i) != nullptr;
    const bool is_start = next_start != starts_.end() && *next_start == i;
    if (is_start) ++next_start;
    const bool refused = known_[series].ref == 0;
    if (refused || (is_start && !IsNewStart(series, batch.times_ms[i]))) [[unlikely]] {
      if (!is_start) out_.rejected.Add(refusals_[series].first, 1, refusals_[series].second);
      if (has_histogram) batch.histograms[i] = nullptr;
      continue;
    }
    batch.refs[end] = known_[series].ref;
    if (end != i) {
      batch.times_ms[end] = batch.times_ms[i];
      batch.values[end] = batch.values[i];
      if (has_histogram) batch.histograms[end] = std::move(batch.histograms[i]);
    }
    if (is_start) {
      out_.begun.push_back(keys_[series]);
    } else if (has_histogram) {
      ++out_.histograms;
    }
    ++end;
  }
  Shorten(batch, end);
  settled_ = end;
}

}  // namespace tocsin::ingest
