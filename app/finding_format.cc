#include "app/finding_format.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tocsin::app {
namespace {

using Json = nlohmann::ordered_json;
using rules::Diagnostic;
using rules::Severity;

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string TextOf(const std::vector<Diagnostic>& findings) {
  std::string text;
  for (const Diagnostic& finding : findings) {
    absl::StrAppend(&text, rules::FormatDiagnostic(finding), "\n");
  }
  return text;
}

std::string JsonOf(const std::vector<Diagnostic>& findings) {
  Json list = Json::array();
  for (const Diagnostic& finding : findings) {
    Json item = {{"file", finding.position.file},
                 {"line", finding.position.line},
                 {"column", finding.position.column},
                 {"level", rules::SeverityName(finding.severity)},
                 {"code", finding.code},
                 {"message", finding.message}};
    if (!finding.hint.empty()) item["hint"] = finding.hint;
    list.push_back(std::move(item));
  }
  return Dump(list, 2);
}

std::string WithHint(const Diagnostic& finding) {
  if (finding.hint.empty()) return finding.message;
  return absl::StrCat(finding.message, " (", finding.hint, ")");
}

// Workflow commands end at a line's end, properties at , and :.
std::string GithubData(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}
std::string GithubProperty(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}, {":", "%3A"}, {",", "%2C"}});
}

std::string GithubOf(const std::vector<Diagnostic>& findings) {
  std::string text;
  for (const Diagnostic& finding : findings) {
    const bool info = finding.severity == Severity::kInfo;
    absl::StrAppend(&text, "::", info ? "notice" : rules::SeverityName(finding.severity),
                    " file=", GithubProperty(finding.position.file));
    if (finding.position.line > 0) {
      absl::StrAppend(&text, ",line=", finding.position.line, ",col=", finding.position.column);
    }
    absl::StrAppend(&text, ",title=", finding.code, "::", GithubData(WithHint(finding)), "\n");
  }
  return text;
}

Json SarifResult(const Diagnostic& finding) {
  Json physical = {{"artifactLocation", {{"uri", finding.position.file}}}};
  if (finding.position.line > 0) {
    physical["region"] = {{"startLine", finding.position.line},
                          {"startColumn", finding.position.column}};
  }
  const bool info = finding.severity == Severity::kInfo;
  return {{"ruleId", finding.code},
          {"level", info ? "note" : rules::SeverityName(finding.severity)},
          {"message", {{"text", WithHint(finding)}}},
          {"locations", Json::array({{{"physicalLocation", std::move(physical)}}})}};
}

std::string SarifOf(const std::vector<Diagnostic>& findings, absl::string_view version) {
  Json results = Json::array();
  std::set<std::string> codes;
  for (const Diagnostic& finding : findings) {
    results.push_back(SarifResult(finding));
    codes.insert(finding.code);
  }
  Json rules = Json::array();
  for (const std::string& code : codes) rules.push_back({{"id", code}});
  Json driver = {
      {"name", "tocsin"}, {"version", std::string(version)}, {"rules", std::move(rules)}};
  // Columns are code points, as everywhere in Tocsin.
  Json run = {{"tool", {{"driver", std::move(driver)}}},
              {"columnKind", "unicodeCodePoints"},
              {"results", std::move(results)}};
  const Json document = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                         {"version", "2.1.0"},
                         {"runs", Json::array({std::move(run)})}};
  return Dump(document, 2);
}

}  // namespace

std::string FormatFindings(const std::vector<Diagnostic>& findings, FindingFormat format,
                           absl::string_view version) {
  switch (format) {
    case FindingFormat::kText:
      return TextOf(findings);
    case FindingFormat::kJson:
      return JsonOf(findings);
    case FindingFormat::kGithub:
      return GithubOf(findings);
    case FindingFormat::kSarif:
      return SarifOf(findings, version);
  }
  return "";
}

}  // namespace tocsin::app
