#include "rules/log_metric_decoder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "rules/decode_values.h"
#include "rules/promql/regex.h"

namespace tocsin::rules {
namespace {

constexpr size_t kMetricsMax = 1000;
constexpr size_t kConditionsMax = 20;
constexpr size_t kLabelsMax = 10;
constexpr size_t kPatternBytesMax = 1024;

using Op = LogCondition::Op;
constexpr std::pair<const char*, Op> kOperators[] = {
    {"not", Op::kNotEqual},
    {"regex", Op::kRegex},
    {"not_regex", Op::kNotRegex},
    {"at_least", Op::kAtLeast},
};

bool IsMetricName(absl::string_view name) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':';
  };
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), fits);
}

bool IsSequence(DecodeContext& context, const YamlNode& node, absl::string_view what) {
  if (node.kind == YamlNode::Kind::kSequence) return true;
  context.Error(node, code::kWrongType, absl::StrCat(what, " must be a list"));
  return false;
}

class MetricDecoder {
 public:
  MetricDecoder(DecodeContext& context, LogMetric& metric) : context_(context), metric_(metric) {}

  // False if the entry cannot be used.
  bool Decode(const YamlNode& node) {
    const MapReader reader(context_, node, "log metric", {"name", "match", "labels", "evidence"});
    if (!reader.is_map()) return false;
    metric_.position = context_.document().PositionOf(node);
    const bool named = ReadName(reader);
    if (const YamlNode* match = reader.Require("match")) ReadMatch(*match);
    if (const YamlNode* labels = reader.Find("labels")) ReadLabels(*labels);
    if (const YamlNode* evidence = reader.Find("evidence")) ReadEvidence(*evidence);
    // Comparing texts is quick, and leaves fewer for patterns.
    std::stable_partition(metric_.match.begin(), metric_.match.end(),
                          [](const LogCondition& one) { return one.pattern == nullptr; });
    return named && !failed_;
  }

 private:
  void Error(const YamlNode& at, const char* code, std::string message, std::string hint = "") {
    failed_ = true;
    context_.Error(at, code, std::move(message), std::move(hint));
  }

  bool ReadName(const MapReader& reader) {
    const YamlNode* node = reader.Require("name");
    const auto name = node ? ReadString(context_, *node, "name") : std::nullopt;
    if (!name) return false;
    if (!IsMetricName(*name)) {
      Error(*node, code::kBadValue, absl::StrCat("invalid metric name: \"", *name, "\""));
      return false;
    }
    metric_.name = *name;
    return true;
  }

  void ReadEvidence(const YamlNode& node) {
    const auto evidence = ReadBool(context_, node, "evidence");
    failed_ |= !evidence;
    metric_.evidence = evidence.value_or(false);
  }

  void ReadMatch(const YamlNode& node) {
    const MapReader reader(
        context_, node, "match",
        {"severity", "severity_text", "body", "event_name", "scope", "attributes", "resource"});
    if (!reader.is_map()) {
      failed_ = true;
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const std::string& key = entry.key->value;
      if (key == "attributes" || key == "resource") {
        ReadAttributes(*entry.value, key);
      } else if (const auto field = ParseRecordField(key)) {
        ReadCondition(*entry.value, *field);
      } else {
        failed_ = true;  // told by the reader
      }
    }
    if (metric_.match.empty() && !failed_) {
      Error(node, code::kMissingKey, "match needs at least one condition",
            "to count all records, match severity_text: {regex: \".*\"}");
    }
    if (metric_.match.size() > kConditionsMax) {
      Error(node, code::kLimit, absl::StrCat("more than ", kConditionsMax, " conditions"));
    }
  }

  void ReadAttributes(const YamlNode& node, const std::string& what) {
    if (node.kind != YamlNode::Kind::kMap) {
      return Error(node, code::kWrongType, absl::StrCat(what, " must be a map"));
    }
    for (const YamlEntry& entry : node.entries) {
      const auto field = ParseRecordField(absl::StrCat(what, ".", entry.key->value));
      if (!field) {
        Error(*entry.key, code::kBadValue, "an attribute needs a name");
      } else {
        ReadCondition(*entry.value, *field);
      }
    }
  }

  void ReadCondition(const YamlNode& node, const RecordField& field) {
    LogCondition condition;
    condition.field = field;
    const YamlNode* value = &node;
    if (node.kind == YamlNode::Kind::kMap) {
      value = FindOperator(node, condition);
      if (value == nullptr) return;
    }
    const auto text = ReadString(context_, *value, RecordFieldText(field));
    if (!text) {
      failed_ = true;
      return;
    }
    condition.text = *text;
    if (!CheckSeverity(*value, condition) || !Compile(*value, condition)) return;
    metric_.match.push_back(std::move(condition));
  }

  // The value of the one key, whose operator the condition gets; null after a finding.
  const YamlNode* FindOperator(const YamlNode& node, LogCondition& condition) {
    if (node.entries.size() == 1) {
      for (const auto& [word, op] : kOperators) {
        if (node.entries[0].key->value != word) continue;
        condition.op = op;
        return node.entries[0].value.get();
      }
    }
    Error(node, code::kBadValue,
          absl::StrCat(RecordFieldText(condition.field),
                       " must be a text or one of {not: ..}, {regex: ..}, {not_regex: ..}, "
                       "{at_least: ..}"));
    return nullptr;
  }

  bool CheckSeverity(const YamlNode& at, const LogCondition& condition) {
    const bool severity = condition.field.kind == RecordField::Kind::kSeverity;
    const bool compares =
        condition.pattern == nullptr && condition.op != Op::kRegex && condition.op != Op::kNotRegex;
    if (condition.op == Op::kAtLeast && !severity) {
      Error(at, code::kBadValue, "at_least is for severity only");
      return false;
    }
    if (severity && compares && LogSeverityNumber(condition.text) == 0) {
      Error(at, code::kBadValue,
            absl::StrCat("\"", condition.text,
                         "\" is no severity; they are trace, debug, info, warn, error, fatal"),
            "severity_text is what the source wrote");
      return false;
    }
    return true;
  }

  bool Compile(const YamlNode& at, LogCondition& condition) {
    if (condition.op != Op::kRegex && condition.op != Op::kNotRegex) return true;
    if (condition.text.size() > kPatternBytesMax) {
      Error(at, code::kLimit, absl::StrCat("a pattern of more than ", kPatternBytesMax, " bytes"));
      return false;
    }
    auto pattern = promql::CompileRegex(condition.text);
    const auto size = promql::RegexInstructions(condition.text);
    if (!pattern.ok() || !size.ok()) {
      Error(at, code::kBadValue,
            std::string((pattern.ok() ? size.status() : pattern.status()).message()));
      return false;
    }
    condition.pattern = *std::move(pattern);
    metric_.regex_instructions += *size;
    return true;
  }

  void ReadLabels(const YamlNode& node) {
    const std::vector<NamedText> texts = ReadTexts(context_, &node, TextKind::kLabel);
    for (const NamedText& text : texts) {
      const auto field = ParseRecordField(text.text);
      if (!field || field->kind == RecordField::Kind::kBody) {
        Error(*text.value, code::kBadValue,
              absl::StrCat("label \"", text.name, "\" cannot come from \"", text.text, "\""),
              "severity, severity_text, event_name, scope, attributes.NAME or resource.NAME");
        continue;
      }
      metric_.labels.emplace_back(text.name, *field);
    }
    if (texts.size() > kLabelsMax) {
      Error(node, code::kLimit, absl::StrCat("more than ", kLabelsMax, " labels"));
    }
  }

  DecodeContext& context_;
  LogMetric& metric_;
  bool failed_ = false;
};

}  // namespace

void DecodeLogMetrics(DecodeContext& context, const YamlNode& node, RuleSet& rules) {
  if (!IsSequence(context, node, "log_metrics")) return;
  if (node.items.size() > kMetricsMax) {
    context.Error(node, code::kLimit, absl::StrCat("more than ", kMetricsMax, " log metrics"));
    return;
  }
  for (const YamlNodePtr& item : node.items) {
    LogMetric metric;
    if (MetricDecoder(context, metric).Decode(*item))
      rules.log_metrics.push_back(std::move(metric));
  }
}

void CheckLogMetricNames(const RuleSet& rules, std::vector<Diagnostic>& findings) {
  std::map<absl::string_view, const SourcePosition*> seen;
  for (const LogMetric& metric : rules.log_metrics) {
    const auto [first, is_new] = seen.emplace(metric.name, &metric.position);
    if (is_new) continue;
    findings.push_back(
        {metric.position, Severity::kError,
         absl::StrCat("log metric \"", metric.name, "\" is given twice"), code::kDuplicateName,
         absl::StrCat("first given at ", first->second->file, ":", first->second->line)});
  }
}

}  // namespace tocsin::rules
