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
  out_.rejected.Add(RejectReason::kInvalidLabel, batch.size() - first_sample_,
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
  refs_.assign(pending_.size(), 0);
  refusals_.clear();
  cache_.Find(keys_, refs_);
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (refs_[i] != 0 || !pending_[i].has_samples) [[likely]]
      continue;
    TOCSIN_ASSIGN_OR_RETURN(refs_[i], NewSeries(i));
    if (refs_[i] != 0) cache_.Insert(keys_[i], refs_[i]);
  }
  Settle();
  KeepExemplars();
  pending_.clear();
  keys_.clear();
  places_.clear();
  joined_labels_.clear();
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

// They come in series without samples, behind those that have some: what was new a moment ago is
// known by now.
void PendingSeries::KeepExemplars() {
  if (sent_exemplars_.empty()) return;
  cache_.Find(keys_, refs_);
  for (const auto& [series, exemplar] : sent_exemplars_) {
    if (refs_[series] == 0) continue;
    exemplars_->Add(refs_[series], exemplar.ToExemplar());
    ++out_.exemplars;
  }
  sent_exemplars_.clear();
}

// Gives the samples that waited their references, and takes out those of refused series.
void PendingSeries::Settle() {
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

}  // namespace tocsin::ingest
