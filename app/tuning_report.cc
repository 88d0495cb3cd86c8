#include "app/tuning_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/text_table.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly_models.h"
#include "rules/anomaly.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

using engine::ReplayedPage;
using engine::SensitivityOutcome;
using engine::TuningReport;
using rules::Level;
using Json = nlohmann::ordered_json;

const SensitivityOutcome& ListedOf(const TuningView& view) {
  return *std::find_if(view.report.outcomes.begin(), view.report.outcomes.end(),
                       [&](const auto& outcome) { return outcome.sensitivity == view.listed; });
}

size_t PagesListed(const TuningView& view) {
  const size_t all = ListedOf(view).pages.size();
  return view.pages_limit == 0 ? all : std::min<size_t>(all, view.pages_limit);
}

// To the minute: "2d3h", "47m".
std::string Long(absl::Duration duration) {
  return promql::PrintDuration(absl::Trunc(duration, absl::Minutes(1)));
}

std::string Percent(std::optional<double> share) {
  return share ? absl::StrFormat("%.2f %%", *share * 100) : "-";
}

double LearningShare(const TuningReport& report) {
  if (report.series_time <= absl::ZeroDuration()) return 0;
  return 1 - absl::FDivDuration(report.judged_time, report.series_time);
}

// The alert's labels without its name, which is that of the monitor.
Labels PageLabels(const ReplayedPage& page) {
  return LabelsBuilder(page.labels).Delete("alertname").Build();
}

std::string Where(const rules::SourcePosition& position) {
  return absl::StrCat(position.file, ":", position.line);
}

void PrintFacts(const TuningView& view, std::ostream& out) {
  const TuningReport& report = view.report;
  const float learns_days =
      anomaly::ParametersOf(engine::DetectorOptionsOf(*view.monitor.anomaly).preset).warm_days;
  out << "rule:       " << Printable(view.monitor.name) << " ("
      << Printable(Where(view.monitor.position)) << "), every "
      << promql::PrintDuration(view.monitor.anomaly->interval)
      << (view.monitor.shadow ? ", in shadow mode: it pages nobody now" : "") << "\n"
      << "recording:  " << Long(report.span.newest - report.span.oldest) << ", from "
      << FormatTimestamp(report.span.oldest) << " to " << FormatTimestamp(report.span.newest)
      << "\n"
      << "series:     " << report.series << ", " << report.series_judged << " of them judged\n"
      << "learning:   " << absl::StrFormat("%.0f %%", LearningShare(report) * 100)
      << " of their time: for its first " << learns_days << " days a series pages nobody\n";
}

// What makes the table say less than it seems to.
void PrintNotes(const TuningReport& report, std::ostream& out) {
  if (report.series == 0) {
    out << "note: the query gave no row at any time\n";
  } else if (report.series_judged == 0) {
    out << "note: nothing was judged, all of it was learning; `retention` says how much is kept\n";
  }
  if (report.left_out > 0) {
    out << "note: up to " << report.left_out
        << " rows at a time found no room (limits.alerts_per_rule_max)\n";
  }
}

void PrintOutcomes(const TuningView& view, std::ostream& out) {
  std::vector<std::vector<std::string>> rows;
  for (const SensitivityOutcome& outcome : view.report.outcomes) {
    const bool own = outcome.sensitivity == view.monitor.anomaly->sensitivity;
    const auto rate = view.report.PagesAWeekAndSeries(outcome);
    rows.push_back({absl::StrCat(outcome.sensitivity, own ? " (the rule's)" : ""),
                    absl::StrCat(outcome.pages.size()),
                    absl::StrCat(outcome.PagesOf(Level::kWarning)),
                    absl::StrCat(outcome.PagesOf(Level::kCritical)),
                    rate ? absl::StrFormat("%.3f", *rate) : "-",
                    Percent(view.report.AlarmShare(outcome)), absl::StrCat(outcome.series_paged)});
  }
  PrintTable({"SENSITIVITY", "PAGES", "WARNING", "CRITICAL", "A WEEK AND SERIES", "IN ALARM",
              "SERIES PAGED"},
             rows, out);
}

void PrintPages(const TuningView& view, std::ostream& out) {
  const SensitivityOutcome& outcome = ListedOf(view);
  const size_t listed = PagesListed(view);
  out << (outcome.pages.empty() ? "no pages" : "pages") << " at sensitivity " << view.listed
      << (view.listed == view.monitor.anomaly->sensitivity ? ", the rule's own" : "") << "\n";
  if (outcome.pages.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < listed; ++i) {
    const ReplayedPage& page = outcome.pages[i];
    rows.push_back({FormatTimestamp(page.since),
                    page.until ? FormatTimestamp(*page.until) : "open at the end",
                    rules::LevelName(page.level), PageLabels(page).ToString(), page.reason});
  }
  PrintTable({"SINCE", "UNTIL", "SEVERITY", "LABELS", "REASON"}, rows, out);
  if (listed < outcome.pages.size()) {
    out << "(" << listed << " of " << outcome.pages.size() << "; see --limit)\n";
  }
}

Json OrNull(std::optional<double> value) {
  return value ? Json(*value) : Json();
}

Json OutcomesJson(const TuningView& view) {
  Json all = Json::array();
  for (const SensitivityOutcome& outcome : view.report.outcomes) {
    all.push_back({{"sensitivity", outcome.sensitivity},
                   {"own", outcome.sensitivity == view.monitor.anomaly->sensitivity},
                   {"pages", outcome.pages.size()},
                   {"warning", outcome.PagesOf(Level::kWarning)},
                   {"critical", outcome.PagesOf(Level::kCritical)},
                   {"pages_a_week_and_series", OrNull(view.report.PagesAWeekAndSeries(outcome))},
                   {"alarm_share", OrNull(view.report.AlarmShare(outcome))},
                   {"series_paged", outcome.series_paged}});
  }
  return all;
}

Json PagesJson(const TuningView& view) {
  Json all = Json::array();
  const SensitivityOutcome& outcome = ListedOf(view);
  for (size_t i = 0; i < PagesListed(view); ++i) {
    const ReplayedPage& page = outcome.pages[i];
    Json labels = Json::object();
    for (const auto& [name, value] : page.labels) labels[std::string(name)] = std::string(value);
    all.push_back({{"since", FormatTimestamp(page.since)},
                   {"until", page.until ? Json(FormatTimestamp(*page.until)) : Json()},
                   {"severity", rules::LevelName(page.level)},
                   {"labels", std::move(labels)},
                   {"reason", page.reason}});
  }
  return all;
}

}  // namespace

void PrintTuning(const TuningView& view, std::ostream& out) {
  PrintFacts(view, out);
  PrintNotes(view.report, out);
  out << "\n";
  PrintOutcomes(view, out);
  out << "\n";
  PrintPages(view, out);
}

void PrintTuningJson(const TuningView& view, std::ostream& out) {
  const TuningReport& report = view.report;
  Json json = {{"rule", view.monitor.name},
               {"position", Where(view.monitor.position)},
               {"shadow", view.monitor.shadow},
               {"interval_seconds", absl::ToDoubleSeconds(view.monitor.anomaly->interval)},
               {"from", FormatTimestamp(report.span.oldest)},
               {"to", FormatTimestamp(report.span.newest)},
               {"evaluations", report.evaluations},
               {"series", report.series},
               {"series_judged", report.series_judged},
               {"rows_left_out", report.left_out},
               {"series_seconds", absl::ToDoubleSeconds(report.series_time)},
               {"judged_seconds", absl::ToDoubleSeconds(report.judged_time)},
               {"sensitivities", OutcomesJson(view)},
               {"listed_sensitivity", view.listed},
               {"pages", PagesJson(view)},
               {"pages_total", ListedOf(view).pages.size()}};
  // A label may be what is no UTF-8.
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace tocsin::app
