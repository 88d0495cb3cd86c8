#include "app/config_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/promql/duration.h"

namespace tocsin::app {
namespace {

using Kind = YamlNode::Kind;
namespace code = rules::code;

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsEmpty(const YamlNode& node) {
  return node.kind == Kind::kNull || (node.kind == Kind::kSequence && node.items.empty()) ||
         (node.kind == Kind::kMap && node.entries.empty());
}

std::string UnknownKeyHint(const std::string& key, const std::vector<std::string>& known) {
  const std::string closest = rules::ClosestWord(key, known);
  if (!closest.empty()) return absl::StrCat("did you mean \"", closest, "\"?");
  return absl::StrCat("known keys: ", absl::StrJoin(known, ", "));
}

}  // namespace

void ConfigFindings::Error(const YamlNode& at, const char* code, std::string message,
                           std::string hint) {
  findings_.push_back({document_.PositionOf(at), rules::Severity::kError, std::move(message), code,
                       std::move(hint)});
}

void ConfigFindings::Warning(const YamlNode& at, const char* code, std::string message,
                             std::string hint) {
  findings_.push_back({document_.PositionOf(at), rules::Severity::kWarning, std::move(message),
                       code, std::move(hint)});
}

std::optional<std::string> ReadText(ConfigFindings& findings, const YamlNode& node,
                                    absl::string_view what) {
  if (node.kind == Kind::kScalar) return node.value;
  if (node.kind == Kind::kNull) return "";
  findings.Error(node, code::kWrongType, absl::StrCat(what, " must be a text"));
  return std::nullopt;
}

ConfigMap::ConfigMap(ConfigFindings& findings, const YamlNode& node, std::string what)
    : findings_(findings), node_(node), what_(std::move(what)) {
  if (node_.kind == Kind::kScalar || node_.kind == Kind::kSequence) {
    findings_.Error(node_, code::kWrongType,
                    absl::StrCat(what_, " must be a map of keys and values"));
  }
}

void ConfigMap::CheckKeys(const std::vector<std::string>& known,
                          const std::vector<std::string>& later) {
  for (const rules::YamlEntry& entry : node_.entries) {
    const std::string& key = entry.key->value;
    if (Contains(known, key)) continue;
    if (Contains(later, key)) {
      if (!IsEmpty(*entry.value)) {
        findings_.Error(*entry.key, code::kUnsupported,
                        absl::StrCat("not supported yet: ", key, " in ", what_));
      }
      continue;
    }
    findings_.Error(*entry.key, code::kUnknownKey,
                    absl::StrCat("unknown key \"", key, "\" in ", what_),
                    UnknownKeyHint(key, known));
  }
}

const rules::YamlEntry* ConfigMap::FindEntry(absl::string_view key) const {
  for (const rules::YamlEntry& entry : node_.entries) {
    if (entry.key->value == key) return &entry;
  }
  return nullptr;
}

const YamlNode* ConfigMap::Find(absl::string_view key) const {
  const rules::YamlEntry* entry = FindEntry(key);
  if (entry == nullptr || entry->value->kind == Kind::kNull) return nullptr;
  return entry->value.get();
}

const YamlNode& ConfigMap::Key(absl::string_view key) const {
  const rules::YamlEntry* entry = FindEntry(key);
  return entry == nullptr ? node_ : *entry->key;
}

bool ConfigMap::ReadString(absl::string_view key, std::string* out) const {
  const YamlNode* node = Find(key);
  if (node == nullptr) return false;
  auto text = ReadText(findings_, *node, key);
  if (!text) return false;
  *out = *std::move(text);
  return true;
}

bool ConfigMap::ReadBool(absl::string_view key, bool* out) const {
  const YamlNode* node = Find(key);
  if (node == nullptr) return false;
  if (node->kind == Kind::kScalar && (node->value == "true" || node->value == "false")) {
    *out = node->value == "true";
    return true;
  }
  findings_.Error(*node, code::kWrongType, absl::StrCat(key, " must be true or false"));
  return false;
}

bool ConfigMap::ReadDuration(absl::string_view key, absl::Duration* out) const {
  std::string text;
  if (!ReadString(key, &text)) return false;
  const absl::StatusOr<absl::Duration> duration = promql::ParseDuration(text);
  if (duration.ok()) {
    *out = *duration;
    return true;
  }
  findings_.BadValue(*Find(key), absl::StrCat(key, ": ", std::string(duration.status().message())),
                     "write for example 30s, 5m or 48h");
  return false;
}

bool ConfigMap::ReadCount(absl::string_view key, uint64_t* out, uint64_t least) const {
  const YamlNode* node = Find(key);
  if (node == nullptr) return false;
  uint64_t value = 0;
  if (node->kind == Kind::kScalar && absl::SimpleAtoi(node->value, &value) && value >= least) {
    if (value > kCountMax) {
      findings_.Error(*node, code::kLimit, absl::StrCat(key, " must be at most ", kCountMax));
      return false;
    }
    *out = value;
    return true;
  }
  findings_.Error(*node, code::kWrongType,
                  absl::StrCat(key, " must be a whole number", least > 0 ? " above 0" : ""));
  return false;
}

bool ConfigMap::ReadStrings(absl::string_view key, std::vector<std::string>* out) const {
  if (Find(key) == nullptr) return false;
  std::vector<std::string> texts;
  ForEachItem(key, [&](const YamlNode& item) {
    if (auto text = ReadText(findings_, item, absl::StrCat("each of ", key))) {
      texts.push_back(*std::move(text));
    }
  });
  *out = std::move(texts);
  return true;
}

void ConfigMap::ForEachItem(absl::string_view key,
                            const std::function<void(const YamlNode&)>& read) const {
  const YamlNode* node = Find(key);
  if (node == nullptr) return;
  if (node->kind != Kind::kSequence) {
    findings_.Error(*node, code::kWrongType, absl::StrCat(key, " must be a list"));
    return;
  }
  for (const auto& item : node->items) read(*item);
}

}  // namespace tocsin::app
