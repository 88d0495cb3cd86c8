#include "app/inspect/inspect.h"

#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/inspect/alerts.h"
#include "app/inspect/meta.h"
#include "app/inspect/models.h"
#include "app/inspect/outbox.h"
#include "app/inspect/records.h"
#include "app/inspect/samples.h"
#include "app/inspect/silences.h"
#include "base/status_macros.h"

namespace tocsin::app::inspect {
namespace {

using storage::Family;

Json Fact(const Section& section, const std::string& name) {
  for (const auto& [fact, value] : section.facts) {
    if (fact == name) return value;
  }
  return "";
}

// "4 firing, 1 pending"
std::string StatesText(const Section& alerts) {
  std::string text;
  for (const auto& [state, count] : alerts.facts) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", count.get<uint64_t>(), " ", state);
  }
  return text.empty() ? "none" : text;
}

void AddSamples(const SampleContents& contents, Section& summary) {
  auto& facts = summary.facts;
  facts.emplace_back("samples", contents.in_log.samples + contents.in_blocks.samples);
  facts.emplace_back("samples_in_log", contents.in_log.samples);
  facts.emplace_back("samples_in_blocks", contents.in_blocks.samples);
  facts.emplace_back("histograms", contents.in_log.histograms + contents.in_blocks.histograms);
  facts.emplace_back("blocks", contents.blocks.size());
  if (contents.last_offset) {
    facts.emplace_back("log_offsets",
                       absl::StrCat(*contents.first_offset, " to ", *contents.last_offset));
    facts.emplace_back("log_committed_from", TimeCell(contents.first_committed));
    facts.emplace_back("log_committed_to", TimeCell(contents.last_committed));
  }
  if (!contents.blocks.empty()) {
    facts.emplace_back("blocks_committed_from", TimeCell(contents.blocks.front().first_committed));
    facts.emplace_back("blocks_committed_to", TimeCell(contents.blocks.back().last_committed));
  }
}

Section FamiliesSection(const Records& records) {
  Section section;
  section.name = "families";
  section.columns = {"family", "records", "bytes"};
  for (Family family : storage::kAllFamilies) {
    const FamilySize& size = records.size(family);
    section.rows.push_back({storage::FamilyName(family), size.records, size.bytes});
  }
  section.rows_total = section.rows.size();
  return section;
}

absl::StatusOr<std::vector<Section>> Summary(Records& records) {
  TOCSIN_ASSIGN_OR_RETURN(const Section meta, MetaSection(records));
  SampleContents contents;
  Section log;
  TOCSIN_RETURN_IF_ERROR(ReadLog(records, contents, log));
  TOCSIN_RETURN_IF_ERROR(ReadBlocks(records, contents));
  TOCSIN_ASSIGN_OR_RETURN(const Section series, SeriesSection(records, contents));
  TOCSIN_ASSIGN_OR_RETURN(const Section alerts, AlertsSection(records));
  TOCSIN_ASSIGN_OR_RETURN(const Section outbox, OutboxSection(records));
  TOCSIN_ASSIGN_OR_RETURN(const Section history, HistorySection(records));
  TOCSIN_ASSIGN_OR_RETURN(const Section silences, SilencesSection(records));
  TOCSIN_ASSIGN_OR_RETURN(const Section models, ModelsSection(records));
  TOCSIN_ASSIGN_OR_RETURN(const auto evaluated, LastEvaluation(records.store()));
  Section summary;
  summary.name = "summary";
  summary.facts = {{"format", Fact(meta, "format")},
                   {"last_evaluation", TimeCell(evaluated)},
                   {"series", series.rows_total}};
  AddSamples(contents, summary);
  summary.facts.emplace_back("alerts", StatesText(alerts));
  summary.facts.emplace_back("open_pages", Fact(outbox, "open_pages"));
  summary.facts.emplace_back("owed_pages", Fact(outbox, "owed_pages"));
  summary.facts.emplace_back("transitions", history.rows_total);
  summary.facts.emplace_back("silences", silences.rows_total);
  summary.facts.emplace_back("anomaly_models", models.rows_total);
  return std::vector<Section>{std::move(summary), FamiliesSection(records)};
}

absl::StatusOr<Section> LogSection(Records& records) {
  SampleContents contents;
  Section log;
  TOCSIN_RETURN_IF_ERROR(ReadLog(records, contents, log));
  return log;
}

absl::StatusOr<Section> BlocksOnly(Records& records) {
  SampleContents contents;
  TOCSIN_RETURN_IF_ERROR(ReadBlocks(records, contents));
  return BlocksSection(records, contents);
}

absl::StatusOr<Section> SeriesWithSamples(Records& records) {
  SampleContents contents;
  Section log;
  TOCSIN_RETURN_IF_ERROR(ReadLog(records, contents, log));
  TOCSIN_RETURN_IF_ERROR(ReadBlocks(records, contents));
  return SeriesSection(records, contents);
}

absl::StatusOr<std::vector<Section>> Sections(Records& records, const std::string& noun) {
  using Make = absl::StatusOr<Section> (*)(Records&);
  static const std::map<std::string, Make> makers = {
      {"log", LogSection},           {"blocks", BlocksOnly},    {"series", SeriesWithSamples},
      {"alerts", AlertsSection},     {"outbox", OutboxSection}, {"history", HistorySection},
      {"silences", SilencesSection}, {"models", ModelsSection}, {"meta", MetaSection}};
  const auto maker = makers.find(noun);
  if (maker == makers.end()) return Summary(records);
  TOCSIN_ASSIGN_OR_RETURN(Section section, maker->second(records));
  return std::vector<Section>{std::move(section)};
}

}  // namespace

const std::vector<std::string>& Nouns() {
  static const std::vector<std::string> nouns = {"summary", "log",    "blocks",  "series",
                                                 "alerts",  "outbox", "history", "silences",
                                                 "models",  "meta"};
  return nouns;
}

absl::StatusOr<Report> Inspect(const storage::Store& store, const std::string& noun,
                               uint64_t rows_max) {
  Records records(store, rows_max);
  Report report;
  TOCSIN_ASSIGN_OR_RETURN(report.sections, Sections(records, noun));
  report.problems = records.problems();
  report.problems_total = records.problems_total();
  return report;
}

}  // namespace tocsin::app::inspect
