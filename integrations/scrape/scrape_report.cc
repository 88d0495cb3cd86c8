#include "integrations/scrape/scrape_report.h"

#include <utility>

#include "base/log.h"

namespace tocsin::scrape {
namespace {

using Health = TargetState::Health;

prometheus::Counter& DroppedCounter(Metrics& metrics, const std::string& reason) {
  return metrics.Counter(
      "tocsin_scrape_dropped_samples_total",
      "Samples of scrapes that were dropped: duplicate (the series had one of that time or a later "
      "one), unavailable (could not be stored until the next scrape).",
      {{"reason", reason}});
}

prometheus::Gauge& TargetsGauge(Metrics& metrics, const std::string& state) {
  return metrics.Gauge("tocsin_scrape_targets", "Targets by how their last scrape went.",
                       {{"state", state}});
}

}  // namespace

ScrapeReport::ScrapeReport(Metrics& metrics)
    : ingest_(metrics, "scrape"),
      missed_(metrics.Counter("tocsin_scrapes_missed_total",
                              "Scrapes left out, since their time had passed.")),
      duplicate_(DroppedCounter(metrics, "duplicate")),
      unavailable_(DroppedCounter(metrics, "unavailable")),
      up_(TargetsGauge(metrics, "up")),
      down_(TargetsGauge(metrics, "down")) {
  for (size_t i = 0; i < kScrapeOutcomes; ++i) {
    scrapes_[i] = &metrics.Counter("tocsin_scrapes_total", "Scrapes by what became of them.",
                                   {{"outcome", ScrapeOutcomeName(static_cast<ScrapeOutcome>(i))}});
  }
}

void ScrapeReport::SetHealth(Health health, TargetState& state) {
  if (state.health == Health::kUp) up_.Decrement();
  if (state.health == Health::kDown) down_.Decrement();
  if (health == Health::kUp) up_.Increment();
  if (health == Health::kDown) down_.Increment();
  state.health = health;
}

void ScrapeReport::Scraped(const TargetConfig& target, const ScrapeSamples& samples,
                           size_t body_bytes, TargetState& state) {
  scrapes_.at(static_cast<size_t>(samples.outcome))->Increment();
  ingest_.AddBytes(body_bytes);
  ingest_.AddRejected(samples.rejected);
  duplicate_.Increment(static_cast<double>(samples.duplicates));
  const std::string name = target.labels.ToString();
  const bool up = samples.outcome == ScrapeOutcome::kOk;
  if (!up && state.health != Health::kDown) {
    Log(LogLevel::kWarning, "a target cannot be scraped",
        {{"target", name},
         {"outcome", ScrapeOutcomeName(samples.outcome)},
         {"error", samples.error}});
  } else if (up && state.health == Health::kDown) {
    Log(LogLevel::kInfo, "a target can be scraped again", {{"target", name}});
  }
  SetHealth(up ? Health::kUp : Health::kDown, state);
  const bool rejecting = samples.rejected.total() > 0;
  if (rejecting && !state.rejecting) {
    Log(LogLevel::kWarning, "samples of a target are rejected",
        {{"target", name}, {"reasons", samples.rejected.Describe()}});
  }
  if (up) state.rejecting = rejecting;
}

void ScrapeReport::Gone(const TargetConfig& target, TargetState& state) {
  SetHealth(Health::kUnknown, state);
  Log(LogLevel::kInfo, "a target is scraped no more", {{"target", target.labels.ToString()}});
}

void ScrapeReport::Durable(size_t samples) {
  ingest_.AddRequest("OK");
  ingest_.AddSamples(samples);
}

}  // namespace tocsin::scrape
