#include "integrations/scrape/scrape_target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::scrape {

using ingest::RejectReason;

namespace {

enum Reported { kUp, kDuration, kScraped, kPostRelabeling, kAdded, kReports };
constexpr std::array<const char*, kReports> kReportNames = {
    "up", "scrape_duration_seconds", "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling", "scrape_series_added"};

constexpr char kExported[] = "exported_";

}  // namespace

const char* ScrapeOutcomeName(ScrapeOutcome outcome) {
  switch (outcome) {
    case ScrapeOutcome::kOk:
      return "ok";
    case ScrapeOutcome::kUnreachable:
      return "unreachable";
    case ScrapeOutcome::kTimeout:
      return "timeout";
    case ScrapeOutcome::kStatus:
      return "status";
    case ScrapeOutcome::kBodyLimit:
      return "body_limit";
    case ScrapeOutcome::kSampleLimit:
      return "sample_limit";
    case ScrapeOutcome::kFormat:
      return "format";
  }
  return "unknown";
}

ScrapeTarget::ScrapeTarget(const Limits& limits, engine::SampleSink& sink, TargetConfig config)
    : limits_(limits), sink_(sink), config_(std::move(config)), reports_(kReports) {}

void ScrapeTarget::SetConfig(TargetConfig config) {
  // Names were given by the old one's way to resolve conflicts.
  if (config.honor_labels != config_.honor_labels) names_.clear();
  config_ = std::move(config);
}

absl::Status ScrapeTarget::Read(ExpositionFormat format, absl::string_view body,
                                std::vector<Shown>& shown) const {
  return ReadExposition(format, body, [&](const ExposedSample& sample) {
    if (shown.size() == limits_.scrape_samples_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", limits_.scrape_samples_max, " samples (scrape_samples_max)"));
    }
    shown.push_back(
        {sample.series, sample.value, config_.honor_timestamps ? sample.time_ms : std::nullopt});
    return absl::OkStatus();
  });
}

ScrapeSamples ScrapeTarget::Take(ExpositionFormat format, absl::string_view body, ScrapeTime time) {
  ScrapeSamples out;
  std::vector<Shown> shown;
  const absl::Status read = Read(format, body, shown);
  ++round_;
  Counts counts{.scraped = shown.size()};
  if (read.ok()) {
    for (const Shown& sample : shown) counts.added += Add(sample, time.start, out) ? 1 : 0;
  } else {
    out.outcome =
        absl::IsResourceExhausted(read) ? ScrapeOutcome::kSampleLimit : ScrapeOutcome::kFormat;
    out.error = std::string(read.message());
  }
  EndMissing(time.start, out.batch);
  // As in Prometheus an empty answer does not make those that come back new ones.
  if (read.ok() && !body.empty()) ForgetMissing();
  Report(time, counts, out);
  return out;
}

ScrapeSamples ScrapeTarget::Fail(ScrapeOutcome outcome, std::string error, ScrapeTime time) {
  ScrapeSamples out;
  out.outcome = outcome;
  out.error = std::move(error);
  ++round_;
  EndMissing(time.start, out.batch);
  Report(time, {}, out);
  return out;
}

ScrapeSamples ScrapeTarget::End(Timestamp now) {
  ScrapeSamples out;
  ++round_;
  EndMissing(now, out.batch);
  for (size_t i = 0; i < kReports; ++i) AddReport(i, StaleMarker(), now, out);
  return out;
}

void ScrapeTarget::NotTaken(const SampleBatch& batch) {
  for (size_t i = 0; i < batch.size(); ++i) {
    if (IsStaleMarker(batch.values[i])) series_[batch.refs[i]].lives = true;
  }
}

bool ScrapeTarget::Add(const Shown& shown, Timestamp start, ScrapeSamples& out) {
  const auto [found, fresh] = names_.try_emplace(Fingerprint128(shown.series));
  Name& name = found->second;
  if (fresh) {
    name = NewName(shown.series, out.rejected);
  } else if (name.ref == 0) {
    out.rejected.Add(name.reason, 1, "a series that was rejected before");
  }
  name.round = round_;
  if (name.ref == 0) return false;
  Series& series = series_[name.ref];
  series.round = round_;
  if (!shown.time_ms) {
    if (series.dated_round == round_) {
      ++out.duplicates;
      return false;
    }
    series.dated_round = round_;
    series.lives = true;
    out.batch.Add(name.ref, start.millis(), shown.value);
    return fresh;
  }
  if (!InTime(*shown.time_ms, start, out.rejected)) return false;
  if (*shown.time_ms <= series.own_ms) {
    ++out.duplicates;
    return false;
  }
  series.own_ms = *shown.time_ms;
  out.batch.Add(name.ref, *shown.time_ms, shown.value);
  return fresh;
}

bool ScrapeTarget::InTime(int64_t time_ms, Timestamp start, ingest::RejectTally& rejected) const {
  const bool too_new = time_ms > start.millis() + static_cast<int64_t>(limits_.future_ms_max);
  if (!too_new && time_ms >= start.millis() - static_cast<int64_t>(limits_.past_ms_max)) {
    return true;
  }
  rejected.AddOne(too_new ? RejectReason::kTooNew : RejectReason::kTooOld, [&] {
    return absl::StrCat("dated ", FormatTimestamp(Timestamp::FromMillis(time_ms)), ", beyond ",
                        too_new ? "future_ms_max" : "past_ms_max");
  });
  return false;
}

ScrapeTarget::Name ScrapeTarget::NewName(absl::string_view series, ingest::RejectTally& rejected) {
  const auto ref = sink_.ResolveFrom(config_.address, WithTargetLabels(series));
  if (ref.ok()) return {.ref = *ref};
  const RejectReason reason = ingest::ReasonOfResolve(ref.status());
  rejected.Add(reason, 1, ref.status().message());
  return {.ref = 0, .reason = reason};
}

Labels ScrapeTarget::WithTargetLabels(absl::string_view series) const {
  const auto shown = LabelsOfSeries(series);
  LabelsBuilder labels;
  for (const auto& [name, value] : shown) labels.Set(name, value);
  const auto shows = [&](absl::string_view name) {
    return std::any_of(shown.begin(), shown.end(),
                       [&](const auto& label) { return label.first == name; });
  };
  std::vector<std::pair<std::string, std::string>> conflicts;
  for (const LabelView& own : config_.labels) {
    // An empty value says that there shall be no such label.
    if (config_.honor_labels && shows(own.name)) continue;
    const absl::string_view value = labels.Get(own.name);
    if (!value.empty()) conflicts.emplace_back(own.name, value);
    labels.Set(own.name, own.value);
  }
  // Short names first, so that the label `exported_a` finds out that `a` has taken its name.
  std::stable_sort(conflicts.begin(), conflicts.end(),
                   [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  for (const auto& [name, value] : conflicts) {
    std::string exported = absl::StrCat(kExported, name);
    while (!labels.Get(exported).empty()) exported.insert(0, kExported);
    labels.Set(exported, value);
  }
  return labels.Build();
}

void ScrapeTarget::EndMissing(Timestamp at, SampleBatch& batch) {
  for (auto& [ref, series] : series_) {
    if (!series.lives || series.dated_round == round_) continue;
    series.lives = false;
    batch.Add(ref, at.millis(), StaleMarker());
  }
}

void ScrapeTarget::ForgetMissing() {
  absl::erase_if(names_, [this](const auto& entry) { return entry.second.round != round_; });
  absl::erase_if(series_, [this](const auto& entry) { return entry.second.round != round_; });
}

void ScrapeTarget::Report(ScrapeTime time, const Counts& counts, ScrapeSamples& out) {
  const auto scraped = static_cast<double>(counts.scraped);
  AddReport(kUp, out.outcome == ScrapeOutcome::kOk ? 1 : 0, time.start, out);
  AddReport(kDuration, absl::ToDoubleSeconds(time.took), time.start, out);
  AddReport(kScraped, scraped, time.start, out);
  AddReport(kPostRelabeling, scraped, time.start, out);
  AddReport(kAdded, static_cast<double>(counts.added), time.start, out);
}

void ScrapeTarget::AddReport(size_t index, double value, Timestamp at, ScrapeSamples& out) {
  SeriesRef& ref = reports_[index];
  if (ref == 0) {
    LabelsBuilder labels(config_.labels);
    labels.Set(kMetricName, kReportNames[index]);
    const auto resolved = sink_.ResolveFrom(config_.address, labels.Build());
    if (!resolved.ok()) {
      out.rejected.Add(ingest::ReasonOfResolve(resolved.status()), 1, resolved.status().message());
      return;
    }
    ref = *resolved;
  }
  out.batch.Add(ref, at.millis(), value);
}

}  // namespace tocsin::scrape
