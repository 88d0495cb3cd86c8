#include "app/otlp_senders.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "app/log_rules.h"
#include "app/page_evidence.h"
#include "base/check.h"
#include "base/log.h"
#include "integrations/http/prometheus_json.h"
#include "rules/promql/parser.h"

namespace tocsin::app {
namespace {

constexpr size_t kExemplarSeriesMax = 20'000;
constexpr absl::Duration kStepInterval = absl::Seconds(1);

// Of what is written at least each minute, a window of this length before our end has all.
constexpr absl::Duration kRecoveryWindow = absl::Minutes(15);
constexpr char kRecoveryQuery[] = "last_over_time(tocsin_resource_up[15m])";

// Exemplars of a histogram are kept with the series that counts its observations.
Labels SeriesOfExemplars(const Labels& series) {
  LabelsBuilder builder(series);
  for (const char* suffix : {"_bucket", "_sum"}) {
    absl::string_view name = series.Get(kMetricName);
    if (!absl::ConsumeSuffix(&name, suffix)) continue;
    builder.Set(kMetricName, absl::StrCat(name, "_count")).Delete("le");
    break;
  }
  return builder.Build();
}

}  // namespace

OtlpSenders::OtlpSenders(const Parts& parts, const ingest::OtlpOptions& options)
    : parts_(parts),
      exemplars_(kExemplarSeriesMax,
                 [&engine = parts.engine](SeriesRef series) { return engine.LabelsOf(series); }),
      logs_(parts.engine),
      resource_gauge_(parts.metrics.Gauge("tocsin_otlp_resources",
                                          "Resources of OTLP that are watched, up or down.")),
      resources_refused_(
          parts.metrics.Counter("tocsin_otlp_resources_refused_total",
                                "Exports of resources that are not watched: too many.")),
      counter_gauge_(
          parts.metrics.Gauge("tocsin_log_counters", "Counters of log records, all labels.")) {
  if (options.resource_timeout > absl::ZeroDuration()) {
    resources_ = std::make_unique<ingest::ResourceWatch>(
        ingest::ResourceWatchOptions{.timeout = options.resource_timeout});
    RecoverResources();
  }
  otlp_ = std::make_unique<ingest::OtlpDecoder>(
      parts.limits, parts.engine, options,
      ingest::OtlpListeners{.resources = resources_.get(), .exemplars = &exemplars_});
  thread_ = std::thread([this] { Run(); });
}

OtlpSenders::~OtlpSenders() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void OtlpSenders::SetRules(const rules::RuleSet& rules) {
  logs_.SetRules(LogRulesOf(rules), parts_.clock.Now());
}

// Back from now until there are samples: we may have been down for long. The first window that has
// some may begin just before our end, so one more is read.
void OtlpSenders::RecoverResources() {
  const Timestamp now = parts_.clock.Now();
  const absl::Duration back_max = ingest::ResourceWatchOptions{}.forget_after;
  for (absl::Duration back; back <= back_max; back += kRecoveryWindow) {
    if (!RecoverResourcesAt(now - back, now)) continue;
    RecoverResourcesAt(now - back - kRecoveryWindow, now);
    return;
  }
}

bool OtlpSenders::RecoverResourcesAt(Timestamp at, Timestamp now) {
  const promql::ParseResult parsed = promql::ParseExpr(kRecoveryQuery);
  TOCSIN_CHECK(parsed.expr != nullptr) << kRecoveryQuery;
  const auto result = parts_.engine.Query(*parsed.expr, at, [] { return false; });
  if (!result.ok()) {
    Log(LogLevel::kWarning, "resources that were up before the start cannot be read",
        {{"error", result.status().ToString()}});
    return false;
  }
  for (const auto& [labels, value] : result->rows) {
    LabelsBuilder builder(labels);
    builder.Set(kMetricName, "tocsin_resource_up");
    const auto series = parts_.engine.Resolve(builder.Build());
    if (series.ok()) resources_->Recover(*series, value != 0, now);
  }
  return !result->rows.empty();
}

std::vector<http::ExplainedNote> OtlpSenders::NotesOf(const Labels& series) const {
  std::vector<http::ExplainedNote> notes;
  for (const ingest::LogMatch& match : logs_.Newest(series)) {
    notes.push_back({match.time,
                     absl::StrCat(match.severity, match.severity.empty() ? "" : ": ", match.body),
                     match.trace_id});
  }
  // Prometheus has those of a histogram with its buckets.
  std::vector<ingest::Exemplar> exemplars = ExemplarsOf(series);
  if (exemplars.empty()) exemplars = ExemplarsOf(SeriesOfExemplars(series));
  for (const ingest::Exemplar& exemplar : exemplars) {
    notes.push_back({exemplar.time, http::FormatSampleValue(exemplar.value), exemplar.trace_id});
  }
  return notes;
}

std::vector<ingest::Exemplar> OtlpSenders::ExemplarsOf(const Labels& series) const {
  // Known series alone: they have samples.
  const auto ref = parts_.engine.Resolve(series);
  return ref.ok() ? exemplars_.Newest(*ref) : std::vector<ingest::Exemplar>();
}

std::vector<state::v1::PageEvidence> OtlpSenders::EvidenceOf(
    const engine::EvidenceQuestion& question, size_t& series_left) const {
  return FindEvidence(logs_, exemplars_, question, series_left);
}

void OtlpSenders::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_) changed_.WaitFor(mutex_, kStepInterval);
      if (stopping_) return;
    }
    Step();
  }
}

// What cannot be committed now is written again later.
void OtlpSenders::Step() {
  const Timestamp now = parts_.clock.Now();
  SampleBatch due = logs_.Step(now);
  counter_gauge_.Set(static_cast<double>(logs_.counters()));
  if (resources_ != nullptr) {
    due.Append(resources_->Step(now));
    resource_gauge_.Set(static_cast<double>(resources_->resources()));
    const uint64_t refused = resources_->refused();
    resources_refused_.Increment(static_cast<double>(refused - refused_before_));
    refused_before_ = refused;
  }
  if (!due.empty()) parts_.engine.Submit(std::move(due), [](const absl::Status&) {});
}

}  // namespace tocsin::app
