#include "rules/decode_context.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin::rules {
namespace {

bool Contains(const std::vector<std::string>& words, absl::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Keys with which people come from elsewhere.
std::string ForeignKeyHint(absl::string_view key) {
  static const auto& vmalert = *new std::vector<std::string>{"concurrency",
                                                             "params",
                                                             "type",
                                                             "eval_offset",
                                                             "eval_delay",
                                                             "eval_alignment",
                                                             "headers",
                                                             "notifier_headers",
                                                             "debug",
                                                             "tenant",
                                                             "update_entries_limit"};
  if (Contains(vmalert, key)) return "a key of vmalert, which Prometheus refuses too";
  if (key == "partial_response_strategy") return "a key of Thanos, which Prometheus refuses too";
  if (key == "source_tenants" || key == "align_evaluation_time_on_interval") {
    return "a key of Mimir, which Prometheus refuses too";
  }
  if (key == "spec" || key == "apiVersion" || key == "kind" || key == "metadata") {
    return "a Kubernetes object wraps its rules in `spec:`; give the content of `spec:` as the "
           "file";
  }
  if (key == "tests" || key == "rule_files" || key == "evaluation_interval") {
    return "this looks like a unit test of rules; run it with `tocsin test`";
  }
  return "";
}

std::string UnknownKeyHint(absl::string_view key, const std::vector<std::string>& known) {
  const std::string foreign = ForeignKeyHint(key);
  if (!foreign.empty()) return foreign;
  const std::string closest = ClosestWord(key, known);
  if (!closest.empty()) return absl::StrCat("did you mean \"", closest, "\"?");
  return absl::StrCat("known keys: ", absl::StrJoin(known, ", "));
}

}  // namespace

MapReader::MapReader(DecodeContext& context, const YamlNode& node, absl::string_view what,
                     const std::vector<std::string>& known)
    : context_(context), node_(node), what_(what) {
  if (!is_map()) {
    context_.Error(node_, code::kWrongType,
                   absl::StrCat(what, " must be a map of keys and values"));
  }
  for (const YamlEntry& entry : node_.entries) {
    if (Contains(known, entry.key->value)) continue;
    context_.Error(*entry.key, code::kUnknownKey,
                   absl::StrCat("unknown key \"", entry.key->value, "\" in ", what),
                   UnknownKeyHint(entry.key->value, known));
  }
}

const YamlEntry* MapReader::FindEntry(absl::string_view key) const {
  for (const YamlEntry& entry : node_.entries) {
    if (entry.key->value == key) return &entry;
  }
  return nullptr;
}

const YamlNode* MapReader::Find(absl::string_view key) const {
  const YamlEntry* entry = FindEntry(key);
  if (entry == nullptr || entry->value->kind == YamlNode::Kind::kNull) return nullptr;
  return entry->value.get();
}

const YamlNode& MapReader::Key(absl::string_view key) const {
  const YamlEntry* entry = FindEntry(key);
  return entry == nullptr ? node_ : *entry->key;
}

const YamlNode* MapReader::Require(absl::string_view key) const {
  const YamlNode* found = Find(key);
  if (found == nullptr && is_map()) {
    context_.Error(Key(key), code::kMissingKey,
                   absl::StrCat("key \"", key, "\" is missing in ", what_));
  }
  return found;
}

}  // namespace tocsin::rules
