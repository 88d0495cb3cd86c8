#pragma once

#include <array>
#include <cstdint>

#include "base/metrics.h"
#include "integrations/ingest/ingest_metrics.h"
#include "integrations/scrape/scrape_target.h"

namespace tocsin::scrape {

// How it stands with one target, to notice a change.
struct TargetState {
  enum class Health { kUnknown, kUp, kDown } health = Health::kUnknown;
  bool rejecting = false;
};

// What scrapes tell of themselves: metrics without a label of any target, and in the log what
// changes about one.
//
// Metrics: those of IngestMetrics with protocol="scrape", tocsin_scrapes_total{outcome},
// tocsin_scrapes_missed_total, tocsin_scrape_targets{state},
// tocsin_scrape_dropped_samples_total{reason}.
//
// Thread: any for the answers of the engine (Durable, Refused), one for all else.
class ScrapeReport {
 public:
  explicit ScrapeReport(Metrics& metrics);

  void Scraped(const TargetConfig& target, const ScrapeSamples& samples, size_t body_bytes,
               TargetState& state);
  // It is scraped no more.
  void Gone(const TargetConfig& target, TargetState& state);
  // Scrapes whose time had passed when it was their turn.
  void Missed(uint64_t scrapes) { missed_.Increment(static_cast<double>(scrapes)); }

  void Durable(size_t samples);
  void Refused() { ingest_.AddRequest("UNAVAILABLE"); }
  // Refused until the next scrape was due.
  void Dropped(size_t samples) { unavailable_.Increment(static_cast<double>(samples)); }

 private:
  void SetHealth(TargetState::Health health, TargetState& state);

  ingest::IngestMetrics ingest_;
  std::array<prometheus::Counter*, kScrapeOutcomes> scrapes_;
  prometheus::Counter& missed_;
  prometheus::Counter& duplicate_;
  prometheus::Counter& unavailable_;
  prometheus::Gauge& up_;
  prometheus::Gauge& down_;
};

}  // namespace tocsin::scrape
