#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/remote_write_decode.h"
#include "integrations/ingest/remote_write_exemplar.h"
#include "integrations/ingest/remote_write_labels.h"
#include "integrations/ingest/series_cache.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {

absl::Status MalformedRemoteWrite(RemoteWriteVersion version);

// Series of a request that are not looked up yet, since that is cheaper for many at once. Their
// samples are in the batch already, with the place of their series here instead of a reference; so
// are their exemplars, until they can be kept.
//
// Borrows: all it is made with, and the bytes of the request.
class PendingSeries {
 public:
  static constexpr uint32_t kLabelsField = 1;  // of a series, in both versions

  PendingSeries(RemoteWriteVersion version, const Limits& limits, engine::SampleSink& sink,
                SeriesCache& cache, ExemplarStore* exemplars, absl::string_view sender,
                RemoteWriteSamples& out)
      : version_(version),
        limits_(limits),
        sink_(sink),
        cache_(cache),
        exemplars_(exemplars),
        sender_(sender),
        out_(out) {}

  SymbolTable& symbols() { return symbols_; }  // of 2.0; complete before the first series
  size_t size() const { return pending_.size(); }

  // The series that is walked from here on; its samples have newest() as their reference.
  void Begin();
  SeriesRef newest() const { return pending_.size() - 1; }
  // When the series began to count: a zero there, before the sample that is added next. It is left
  // out again if the series is a gauge or its start is known.
  template <typename Zero>
  void AddStart(int64_t start_ms, Zero zero) {
    starts_.push_back(out_.batch.size());
    out_.batch.Add(newest(), start_ms, std::move(zero));
  }
  void SetGauge() { pending_.back().gauge = true; }
  // A field of the number kLabelsField, which begins at `begin`. False if it is malformed.
  bool AddLabelField(WireReader& fields, const char* begin);
  // Of the series that is walked.
  void AddExemplar(const SentExemplar& exemplar) {
    sent_exemplars_.emplace_back(newest(), exemplar);
  }
  // The end of the series, which is forgotten if it has neither samples nor exemplars. If its
  // labels name symbols that are not there, its samples are rejected.
  void End();

  // Gives all samples that wait their references, or rejects them; keeps exemplars of series that
  // are known. Errors: of the request.
  absl::Status LookUp();

 private:
  // One of both, as sent.
  struct SentFields {
    absl::string_view labels;  // 1.0: the fields `labels`, one after the other
    size_t places_begin = 0;   // 2.0: in places_
    size_t places_end = 0;
    bool gauge = false;  // its metadata say so
    bool has_samples = false;
  };

  bool AddPlaces(absl::string_view packed);
  void AddLabels(absl::string_view field);
  bool KeyOf(const SentFields& sent, absl::uint128& key) const;
  absl::StatusOr<SeriesRef> NewSeries(size_t i);
  absl::StatusOr<SentLabels> LabelsOf(const SentFields& sent) const;
  bool IsNewStart(size_t series, int64_t start_ms);
  void Settle();
  void KeepExemplars();

  const RemoteWriteVersion version_;
  const Limits& limits_;
  engine::SampleSink& sink_;
  SeriesCache& cache_;
  ExemplarStore* const exemplars_;  // null: there are none
  const absl::string_view sender_;
  RemoteWriteSamples& out_;
  SymbolTable symbols_;

  // Of the series being walked.
  size_t first_sample_ = 0;
  bool labels_apart_ = false;  // other fields stand between its labels

  std::vector<SentFields> pending_;
  std::vector<absl::uint128> keys_;
  std::vector<KnownSeries> known_;
  std::vector<std::pair<RejectReason, std::string>> refusals_;  // of those whose ref is 0
  std::vector<uint32_t> places_;
  std::vector<std::pair<SeriesRef, SentExemplar>> sent_exemplars_;  // by the place of their series
  std::deque<std::string> joined_labels_;
  std::vector<size_t> starts_;  // places in the batch of samples that say where a counter began
  size_t settled_ = 0;          // samples before have their references
};

}  // namespace tocsin::ingest
