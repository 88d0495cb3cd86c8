#pragma once

#include "base/limits.h"
#include "engine/sample_sink.h"
#include "engine/series_registry.h"

namespace tocsin::fuzz {

// The engine as ingest sees it, with the service's own registry of series; samples go nowhere.
class RegistrySink : public engine::SampleSink {
 public:
  explicit RegistrySink(const Limits& limits) : registry(limits) {}
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    return registry.Resolve(labels);
  }
  void Submit(SampleBatch, Done done) override { done(absl::OkStatus()); }

  engine::SeriesRegistry registry;
};

}  // namespace tocsin::fuzz
