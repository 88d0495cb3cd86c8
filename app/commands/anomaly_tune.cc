#include "app/commands/anomaly_tune.h"

#include <algorithm>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "app/loaded_files.h"
#include "app/text_table.h"
#include "app/tuning_report.h"
#include "base/status_macros.h"
#include "engine/anomaly_tuning.h"
#include "engine/series_registry.h"
#include "rules/anomaly.h"
#include "storage/rocksdb_reader.h"
#include "storage/sample_log.h"

namespace tocsin::app {
namespace {

constexpr double kSensitivities[] = {0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4};

absl::StatusOr<LoadedFiles> LoadRulesOf(const AnomalyTuneOptions& options) {
  std::optional<std::string> config = options.config_path;
  if (!config && options.rules.empty()) config = "tocsin.yaml";
  return LoadFilesToLook(config, options.rules);
}

// What else the name may mean.
absl::Status NoSuchMonitor(const rules::RuleSet& rules, const std::string& name) {
  std::vector<std::string> names;
  for (const rules::Monitor& monitor : rules.monitors) {
    if (monitor.anomaly != nullptr) names.push_back(monitor.name);
  }
  for (const rules::Group& group : rules.groups) {
    for (const rules::GroupRule& rule : group.rules) {
      const bool same = std::visit([&](const auto& one) { return one.name == name; }, rule);
      if (!same) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          name, " is no anomaly monitor but a rule of the Prometheus group ", group.name));
    }
  }
  std::string hint = "there is no anomaly monitor";
  if (const std::string near = rules::ClosestWord(name, names); !near.empty()) {
    hint = absl::StrCat("did you mean ", near, "?");
  } else if (!names.empty()) {
    hint = absl::StrCat("anomaly monitors are: ", absl::StrJoin(names, ", "));
  }
  return absl::NotFoundError(absl::StrCat("no rule is named ", name, "; ", hint));
}

absl::StatusOr<const rules::Monitor*> FindMonitor(const rules::RuleSet& rules,
                                                  const std::string& name) {
  for (const rules::Monitor& monitor : rules.monitors) {
    if (monitor.name != name) continue;
    if (monitor.anomaly != nullptr) return &monitor;
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is no anomaly monitor but one with a ",
                     monitor.composite != nullptr ? "composite" : "threshold", " (",
                     monitor.position.file, ":", monitor.position.line, ")"));
  }
  return NoSuchMonitor(rules, name);
}

// The usual ones, the rule's own and the one that was asked for, each once, in order.
std::vector<double> SensitivitiesFor(double own, std::optional<double> asked) {
  std::vector<double> all(std::begin(kSensitivities), std::end(kSensitivities));
  all.push_back(own);
  if (asked) all.push_back(*asked);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

absl::StatusOr<engine::TuningReport> Replay(const AnomalyTuneOptions& options, const Config& config,
                                            const rules::Monitor& monitor) {
  TOCSIN_ASSIGN_OR_RETURN(const auto store, storage::OpenRocksdbReader(options.recording));
  TOCSIN_ASSIGN_OR_RETURN(const auto log, storage::OpenSampleLogToRead(*store));
  engine::SeriesRegistry registry(config.limits);
  TOCSIN_RETURN_IF_ERROR(log->ReadSeries(
      [&](SeriesRef ref, Labels labels) { registry.Restore(ref, std::move(labels)); }));
  engine::RecordedPast past{*log,
                            registry,
                            {absl::Milliseconds(config.limits.past_ms_max),
                             absl::Milliseconds(config.limits.future_ms_max)},
                            {}};
  past.queries.default_subquery_step = config.evaluation_interval;
  engine::TuningOptions tuning;
  tuning.sensitivities = SensitivitiesFor(monitor.anomaly->sensitivity, options.sensitivity);
  tuning.rows_max = config.limits.alerts_per_rule_max;
  tuning.external_labels = config.external_labels;
  auto report = engine::TuneAnomaly(monitor, past, tuning);
  if (absl::IsNotFound(report.status())) {
    return absl::NotFoundError(absl::StrCat("nothing is recorded in ", options.recording));
  }
  return report;
}

absl::Status Tune(const AnomalyTuneOptions& options, const Clock& clock, std::ostream& out,
                  std::ostream& err) {
  TOCSIN_ASSIGN_OR_RETURN(const LoadedFiles files, LoadRulesOf(options));
  TOCSIN_ASSIGN_OR_RETURN(const rules::Monitor* monitor, FindMonitor(*files.rules, options.rule));
  const absl::Duration begin = clock.Monotonic();
  TOCSIN_ASSIGN_OR_RETURN(const engine::TuningReport report,
                          Replay(options, files.config, *monitor));
  const absl::Duration took = clock.Monotonic() - begin;
  const TuningView view{*monitor, report,
                        options.sensitivity.value_or(monitor->anomaly->sensitivity), options.limit};
  if (options.json) {
    PrintTuningJson(view, out);
  } else {
    PrintTuning(view, out);
  }
  err << absl::StrFormat("replayed %d evaluations of %d series with %d sensitivities in %.1f s\n",
                         report.evaluations, report.series, report.outcomes.size(),
                         absl::ToDoubleSeconds(took));
  return absl::OkStatus();
}

}  // namespace

int RunAnomalyTune(const AnomalyTuneOptions& options, const Clock& clock, std::ostream& out,
                   std::ostream& err) {
  const absl::Status status = Tune(options, clock, out, err);
  if (status.ok()) return 0;
  err << "tocsin anomaly tune: " << status.message() << "\n";
  return 2;
}

}  // namespace tocsin::app
