#include "app/inspect/report.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "app/text_table.h"

namespace tocsin::app::inspect {
namespace {

std::string Words(const std::string& name) {
  return absl::StrReplaceAll(name, {{"_", " "}});
}

// Anything may be in a record, also what is no UTF-8.
std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string Cell(const Json& value) {
  return value.is_string() ? value.get<std::string>() : Dump(value, -1);
}

void PrintFacts(const Section& section, std::ostream& out) {
  size_t width = 0;
  for (const auto& [name, value] : section.facts) width = std::max(width, name.size());
  for (const auto& [name, value] : section.facts) {
    out << Words(name) << ":" << std::string(width - name.size() + 2, ' ') << Cell(value) << "\n";
  }
}

void PrintRows(const Section& section, std::ostream& out) {
  if (section.columns.empty()) return;
  std::vector<std::string> headers;
  for (const std::string& column : section.columns) {
    headers.push_back(absl::AsciiStrToUpper(Words(column)));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : section.rows) {
    rows.emplace_back();
    for (const Json& value : row) rows.back().push_back(Cell(value));
  }
  PrintTable(headers, rows, out);
  if (section.rows.size() < section.rows_total) {
    out << "(" << section.rows.size() << " of " << section.rows_total << "; see --limit)\n";
  }
}

void PrintProblems(const Report& report, std::ostream& out) {
  if (report.problems_total == 0) return;
  out << "\n" << report.problems_total << " records are not what they should be:\n";
  std::vector<std::vector<std::string>> rows;
  for (const Problem& problem : report.problems) rows.push_back({problem.where, problem.error});
  PrintTable({"RECORD", "ERROR"}, rows, out);
}

Json ToJson(const Section& section) {
  Json json = Json::object();
  for (const auto& [name, value] : section.facts) json[name] = value;
  if (section.columns.empty()) return json;
  Json rows = Json::array();
  for (const auto& row : section.rows) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[section.columns[i]] = row[i];
    rows.push_back(std::move(object));
  }
  json["rows"] = std::move(rows);
  json["rows_total"] = section.rows_total;
  return json;
}

}  // namespace

Json TimeCell(std::optional<Timestamp> time) {
  return time ? Json(FormatTimestamp(*time)) : Json("");
}

void PrintText(const Report& report, std::ostream& out) {
  bool first = true;
  for (const Section& section : report.sections) {
    if (!first) out << "\n";
    first = false;
    PrintFacts(section, out);
    if (!section.facts.empty() && !section.columns.empty()) out << "\n";
    PrintRows(section, out);
  }
  PrintProblems(report, out);
}

void PrintJson(const Report& report, std::ostream& out) {
  Json json = Json::object();
  for (const Section& section : report.sections) json[section.name] = ToJson(section);
  Json problems = Json::array();
  for (const Problem& problem : report.problems) {
    problems.push_back({{"record", problem.where}, {"error", problem.error}});
  }
  json["problems"] = std::move(problems);
  json["problems_total"] = report.problems_total;
  out << Dump(json, 2) << "\n";
}

}  // namespace tocsin::app::inspect
