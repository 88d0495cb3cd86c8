#include "rules/group_decoder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/decode_values.h"

// Messages follow Prometheus' wording where it has such an error.
namespace tocsin::rules {
namespace {

const std::vector<std::string>& GroupKeys() {
  static const auto& keys =
      *new std::vector<std::string>{"name", "interval", "query_offset", "limit", "labels", "rules"};
  return keys;
}

const std::vector<std::string>& RuleKeys() {
  static const auto& keys = *new std::vector<std::string>{
      "alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"};
  return keys;
}

// Group labels below the rule's own.
std::vector<NamedText> Merge(std::vector<NamedText> own, const std::vector<NamedText>& group) {
  for (const NamedText& label : group) {
    const bool overridden = std::any_of(
        own.begin(), own.end(), [&](const NamedText& other) { return other.name == label.name; });
    if (!overridden) own.push_back(label);
  }
  std::sort(own.begin(), own.end(),
            [](const NamedText& a, const NamedText& b) { return a.name < b.name; });
  return own;
}

absl::Duration DurationOrZero(DecodeContext& context, const MapReader& reader,
                              absl::string_view key) {
  const YamlNode* node = reader.Find(key);
  if (node == nullptr) return absl::ZeroDuration();
  return ReadDuration(context, *node, key).value_or(absl::ZeroDuration());
}

bool IsValidRecordName(DecodeContext& context, const YamlNode& node, const std::string& name) {
  if (name.find_first_of("{}") != std::string::npos) {
    context.Error(node, code::kBadValue,
                  absl::StrCat("braces present in the recording rule name \"", name, "\""),
                  "put matchers into expr and labels into labels");
    return false;
  }
  return true;
}

std::optional<GroupRule> DecodeRecord(DecodeContext& context, const MapReader& reader,
                                      const YamlNode& name_node,
                                      const std::vector<NamedText>& group_labels) {
  const std::optional<std::string> name = ReadString(context, name_node, "record");
  for (const char* key : {"for", "keep_firing_for"}) {
    if (DurationOrZero(context, reader, key) != absl::ZeroDuration()) {
      context.Error(reader.Key(key), code::kConflict,
                    absl::StrCat("invalid field '", key, "' in recording rule"));
    }
  }
  if (!ReadTexts(context, reader.Find("annotations"), TextKind::kAnnotation).empty()) {
    context.Error(reader.Key("annotations"), code::kConflict,
                  "invalid field 'annotations' in recording rule");
  }
  RecordRule rule;
  rule.position = context.document().PositionOf(name_node);
  const auto labels =
      Merge(ReadTexts(context, reader.Find("labels"), TextKind::kLabel), group_labels);
  for (const NamedText& label : labels) rule.labels.emplace_back(label.name, label.text);

  const YamlNode* expr = reader.Require("expr");
  std::optional<Query> query = expr ? ReadQuery(context, *expr, "expr") : std::nullopt;
  if (!name || !IsValidRecordName(context, name_node, *name) || !query) return std::nullopt;
  rule.name = *name;
  rule.query = *std::move(query);
  return rule;
}

std::optional<GroupRule> DecodeAlert(DecodeContext& context, const MapReader& reader,
                                     const YamlNode& name_node,
                                     const std::vector<NamedText>& group_labels) {
  const std::optional<std::string> name = ReadString(context, name_node, "alert");
  AlertRule rule;
  rule.position = context.document().PositionOf(name_node);
  rule.for_duration = DurationOrZero(context, reader, "for");
  rule.keep_firing_for = DurationOrZero(context, reader, "keep_firing_for");
  const auto labels =
      Merge(ReadTexts(context, reader.Find("labels"), TextKind::kLabel), group_labels);
  rule.labels = CompileTexts(context, labels, TextKind::kLabel);
  rule.annotations =
      CompileTexts(context, ReadTexts(context, reader.Find("annotations"), TextKind::kAnnotation),
                   TextKind::kAnnotation);

  const YamlNode* expr = reader.Require("expr");
  std::optional<Query> query = expr ? ReadQuery(context, *expr, "expr") : std::nullopt;
  const bool has_severity = std::any_of(labels.begin(), labels.end(), [](const NamedText& label) {
    return label.name == "severity";
  });
  if (!has_severity) {
    context.Lint(name_node, Severity::kInfo, code::kNoSeverity,
                 absl::StrCat("alert \"", name_node.value, "\" has no severity label"),
                 "routes and page priorities usually depend on it");
  }
  if (!name || !query) return std::nullopt;
  rule.name = *name;
  rule.query = *std::move(query);
  return rule;
}

std::optional<GroupRule> DecodeRule(DecodeContext& context, const YamlNode& node,
                                    const std::vector<NamedText>& group_labels) {
  const MapReader reader(context, node, "rule", RuleKeys());
  if (!reader.is_map()) return std::nullopt;
  const auto find_name = [&](absl::string_view key) {
    const YamlNode* found = reader.Find(key);
    const bool empty = found && found->kind == YamlNode::Kind::kScalar && found->value.empty();
    return empty ? nullptr : found;
  };
  const YamlNode* alert = find_name("alert");
  const YamlNode* record = find_name("record");
  if (alert && record) {
    context.Error(reader.Key("record"), code::kConflict,
                  "only one of 'record' and 'alert' must be set");
    return std::nullopt;
  }
  if (!alert && !record) {
    context.Error(node, code::kMissingKey, "one of 'record' or 'alert' must be set");
    return std::nullopt;
  }
  return alert ? DecodeAlert(context, reader, *alert, group_labels)
               : DecodeRecord(context, reader, *record, group_labels);
}

void DecodeRules(DecodeContext& context, const YamlNode& node,
                 const std::vector<NamedText>& group_labels, Group& group) {
  if (node.kind != YamlNode::Kind::kSequence) {
    context.Error(node, code::kWrongType, "rules must be a list");
    return;
  }
  for (const YamlNodePtr& item : node.items) {
    if (auto rule = DecodeRule(context, *item, group_labels))
      group.rules.push_back(*std::move(rule));
  }
}

// Absent and 0 mean the default to Prometheus.
std::optional<absl::Duration> DecodeInterval(DecodeContext& context, const MapReader& reader) {
  const absl::Duration interval = DurationOrZero(context, reader, "interval");
  if (interval == absl::ZeroDuration()) return std::nullopt;
  return interval;
}

std::optional<Group> DecodeGroup(DecodeContext& context, const YamlNode& node) {
  const MapReader reader(context, node, "group", GroupKeys());
  if (!reader.is_map()) return std::nullopt;
  Group group;
  group.file = context.document().path();
  group.position = context.document().PositionOf(node);
  const YamlNode* name = reader.Find("name");
  if (name) group.name = ReadString(context, *name, "name").value_or("");
  if (group.name.empty() && (!name || name->kind == YamlNode::Kind::kScalar)) {
    context.Error(reader.Key("name"), code::kMissingKey, "Groupname must not be empty");
  }
  group.interval = DecodeInterval(context, reader);
  if (const YamlNode* offset = reader.Find("query_offset")) {
    group.query_offset = ReadDuration(context, *offset, "query_offset");
  }
  if (const YamlNode* limit = reader.Find("limit")) {
    const int64_t value = ReadInteger(context, *limit, "limit").value_or(0);
    group.limit = static_cast<size_t>(std::max<int64_t>(value, 0));
  }
  const auto labels = ReadTexts(context, reader.Find("labels"), TextKind::kLabel);
  if (const YamlNode* rules = reader.Find("rules")) DecodeRules(context, *rules, labels, group);
  return group;
}

}  // namespace

void DecodeGroups(DecodeContext& context, const YamlNode& node, RuleSet& rules) {
  if (node.kind != YamlNode::Kind::kSequence) {
    context.Error(node, code::kWrongType, "groups must be a list");
    return;
  }
  std::map<std::string, int> lines;  // of the names so far
  for (const YamlNodePtr& item : node.items) {
    std::optional<Group> group = DecodeGroup(context, *item);
    if (!group) continue;
    const auto [first, is_new] = lines.emplace(group->name, group->position.line);
    if (!is_new && !group->name.empty()) {
      context.Error(*item, code::kDuplicateName,
                    absl::StrCat("groupname: \"", group->name, "\" is repeated in the same file"),
                    absl::StrCat("first given in line ", first->second));
    }
    rules.groups.push_back(*std::move(group));
  }
}

}  // namespace tocsin::rules
