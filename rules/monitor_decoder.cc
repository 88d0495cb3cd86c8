#include "rules/monitor_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/anomaly_decoder.h"
#include "rules/composite_decoder.h"
#include "rules/decode_values.h"
#include "rules/page_decoder.h"
#include "rules/threshold_decoder.h"

namespace tocsin::rules {
namespace {

constexpr size_t kNameBytesMax = 256;

const std::vector<std::string>& MonitorKeys() {
  static const auto& keys = *new std::vector<std::string>{
      "name",    "query",  "threshold",   "anomaly", "composite", "for", "keep_firing_for",
      "no_data", "labels", "annotations", "mode",    "severity",  "page"};
  return keys;
}

std::optional<std::string> DecodeName(DecodeContext& context, const MapReader& reader) {
  const YamlNode* node = reader.Require("name");
  if (node == nullptr) return std::nullopt;
  std::optional<std::string> name = ReadString(context, *node, "name");
  if (!name) return std::nullopt;
  const bool printable = std::none_of(name->begin(), name->end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (name->empty() || name->size() > kNameBytesMax || !printable) {
    context.Error(
        *node, code::kBadValue,
        absl::StrCat("a name has 1 to ", kNameBytesMax, " bytes and no control characters"));
    return std::nullopt;
  }
  return name;
}

absl::Duration DecodeDuration(DecodeContext& context, const MapReader& reader,
                              absl::string_view key) {
  const YamlNode* node = reader.Find(key);
  if (node == nullptr) return absl::ZeroDuration();
  return ReadDuration(context, *node, key).value_or(absl::ZeroDuration());
}

std::optional<NoData::As> DecodeAs(DecodeContext& context, const YamlNode& node) {
  constexpr std::pair<const char*, NoData::As> kChoices[] = {{"keep", NoData::As::kKeep},
                                                             {"ok", NoData::As::kOk},
                                                             {"warning", NoData::As::kWarning},
                                                             {"critical", NoData::As::kCritical}};
  for (const auto& [word, as] : kChoices) {
    if (node.kind == YamlNode::Kind::kScalar && node.value == word) return as;
  }
  context.Error(node, code::kBadValue, "`as` must be critical, warning, ok or keep");
  return std::nullopt;
}

std::optional<NoData> DecodeNoData(DecodeContext& context, const YamlNode* node) {
  if (node == nullptr) return std::nullopt;
  const MapReader reader(context, *node, "no_data", {"after", "as"});
  if (!reader.is_map()) return std::nullopt;
  NoData no_data;
  const YamlNode* as = reader.Require("as");
  if (as) no_data.as = DecodeAs(context, *as).value_or(NoData::As::kKeep);
  const bool needs_after = no_data.as != NoData::As::kKeep;
  const YamlNode* after = needs_after ? reader.Require("after") : reader.Find("after");
  if (after == nullptr) return no_data;
  no_data.after = ReadDuration(context, *after, "after").value_or(absl::Minutes(1));
  if (no_data.after <= absl::ZeroDuration()) {
    context.Error(*after, code::kBadValue, "`after` must be longer than 0");
  }
  return no_data;
}

bool DecodeShadow(DecodeContext& context, const YamlNode* node) {
  if (node == nullptr) return false;
  if (node->kind == YamlNode::Kind::kScalar && node->value == "shadow") return true;
  context.Error(*node, code::kBadValue, "mode must be shadow",
                "leave mode out for a monitor that pages");
  return false;
}

// The engine sets these labels itself.
void RefuseOwnLabels(DecodeContext& context, const std::vector<NamedText>& labels) {
  for (const NamedText& label : labels) {
    if (label.name != "alertname" && label.name != "severity") continue;
    context.Error(*label.value, code::kConflict,
                  absl::StrCat("label \"", label.name, "\" of a monitor cannot be set"),
                  label.name == "severity" ? "it is warning or critical, as the threshold says"
                                           : "it is the name of the monitor");
  }
}

// A comparison that drops rows: Tocsin cannot tell "fine again" from "no data".
void LintQuery(DecodeContext& context, const YamlNode& node, const Query& query) {
  const promql::Expr& expr = promql::Unwrap(*query.expr);
  if (expr.kind != promql::ExprKind::kBinary) return;
  const auto& binary = promql::As<promql::BinaryExpr>(expr);
  if (!promql::IsComparison(binary.op) || binary.return_bool) return;
  if (expr.type != promql::ValueType::kVector) return;
  context.Lint(
      node, Severity::kWarning, code::kFilteringQuery,
      "the query drops rows by comparison, and an alert whose row is missing stays as it is",
      "let the query give the value and put the comparison into threshold");
}

// Reports unless exactly one way to decide is given; fills in that one.
void DecodeDecision(DecodeContext& context, const MapReader& reader, const YamlNode& node,
                    Monitor& monitor) {
  std::vector<const char*> given;
  for (const char* key : {"threshold", "anomaly", "composite"}) {
    if (reader.Find(key)) given.push_back(key);
  }
  if (given.empty()) {
    context.Error(node, code::kMissingKey, "a monitor needs one of threshold, anomaly, composite");
    return;
  }
  if (given.size() > 1) {
    context.Error(reader.Key(given[1]), code::kConflict,
                  absl::StrCat("only one of ", given[0], " and ", given[1], " can be given"));
    return;
  }
  if (reader.Find("composite")) return DecodeComposite(context, reader, monitor);
  if (const YamlNode* threshold = reader.Find("threshold")) {
    monitor.threshold = DecodeThreshold(context, *threshold).value_or(Threshold());
    return;
  }
  DecodeAnomaly(context, *reader.Find("anomaly"), monitor);
}

std::optional<Query> DecodeQuery(DecodeContext& context, const MapReader& reader) {
  if (reader.Find("composite")) return std::nullopt;
  if (reader.Find("severity")) {
    context.Error(reader.Key("severity"), code::kConflict,
                  "only a composite monitor has a severity of its own",
                  "it is warning or critical, as the threshold says");
  }
  const YamlNode* node = reader.Require("query");
  if (node == nullptr) return std::nullopt;
  std::optional<Query> query = ReadQuery(context, *node, "query");
  if (query) LintQuery(context, *node, *query);
  return query;
}

std::optional<Monitor> DecodeMonitor(DecodeContext& context, const YamlNode& node) {
  const MapReader reader(context, node, "monitor", MonitorKeys());
  if (!reader.is_map()) return std::nullopt;
  Monitor monitor;
  std::optional<std::string> name = DecodeName(context, reader);
  std::optional<Query> query = DecodeQuery(context, reader);
  DecodeDecision(context, reader, node, monitor);
  monitor.for_duration = DecodeDuration(context, reader, "for");
  monitor.keep_firing_for = DecodeDuration(context, reader, "keep_firing_for");
  monitor.no_data = DecodeNoData(context, reader.Find("no_data"));
  monitor.shadow = DecodeShadow(context, reader.Find("mode"));
  const auto labels = ReadTexts(context, reader.Find("labels"), TextKind::kLabel);
  RefuseOwnLabels(context, labels);
  monitor.labels = CompileTexts(context, labels, TextKind::kLabel);
  monitor.annotations =
      CompileTexts(context, ReadTexts(context, reader.Find("annotations"), TextKind::kAnnotation),
                   TextKind::kAnnotation);
  monitor.page = DecodePage(context, reader.Find("page"));
  // The name's place, so that a duplicate is reported where it stands.
  monitor.position = context.document().PositionOf(name ? *reader.Find("name") : node);
  if (!name) return std::nullopt;
  monitor.name = *std::move(name);
  if (query) monitor.query = *std::move(query);
  return monitor;
}

}  // namespace

void DecodeMonitors(DecodeContext& context, const YamlNode& node, RuleSet& rules) {
  if (node.kind != YamlNode::Kind::kSequence) {
    context.Error(node, code::kWrongType, "monitors must be a list");
    return;
  }
  for (const YamlNodePtr& item : node.items) {
    if (auto monitor = DecodeMonitor(context, *item)) {
      rules.monitors.push_back(*std::move(monitor));
    }
  }
}

}  // namespace tocsin::rules
