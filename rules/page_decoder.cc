#include "rules/page_decoder.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/decode_values.h"
#include "rules/page_check.h"
#include "rules/rule.h"

namespace tocsin::rules {
namespace {

class PageDecoder {
 public:
  explicit PageDecoder(DecodeContext& context) : context_(context) {}

  PageOptions Decode(const YamlNode& node);

 private:
  void DecodePriority(const YamlNode* node);
  std::optional<std::string> ReadPriority(const YamlNode& node);
  void DecodeResponders(const YamlNode* node);
  void DecodeResponder(const YamlNode& node);
  void DecodeDetails(const YamlNode* node);
  std::vector<std::string> ReadTemplates(const YamlNode* node, const char* key);
  std::string ReadTemplate(const YamlNode* node, const std::string& what);
  // The items of the list at `key`, as many as there may be.
  std::vector<const YamlNode*> Items(const YamlNode* node, const char* key);
  void CheckCount(const YamlNode& node, const char* key, size_t count);

  DecodeContext& context_;
  PageOptions options_;
  size_t bytes_ = 0;  // of the texts so far
};

PageOptions PageDecoder::Decode(const YamlNode& node) {
  const MapReader reader(context_, node, "page",
                         {"priority", "responders", "tags", "entity", "actions", "details"});
  DecodePriority(reader.Find("priority"));
  DecodeResponders(reader.Find("responders"));
  options_.tags = ReadTemplates(reader.Find("tags"), "tags");
  options_.entity = ReadTemplate(reader.Find("entity"), "entity");
  options_.actions = ReadTemplates(reader.Find("actions"), "actions");
  DecodeDetails(reader.Find("details"));
  if (bytes_ > kPageBytesMax) {
    context_.Error(node, code::kLimit,
                   absl::StrCat("page has more than ", kPageBytesMax, " bytes of text"),
                   "it is written with every page of the monitor");
  }
  return std::move(options_);
}

std::optional<std::string> PageDecoder::ReadPriority(const YamlNode& node) {
  const auto text = ReadString(context_, node, "a priority");
  if (!text) return std::nullopt;
  if (IsPriority(*text)) return text;
  context_.Error(node, code::kBadValue, "a priority is one of P1, P2, P3, P4, P5");
  return std::nullopt;
}

// One for all severities, or a map of them.
void PageDecoder::DecodePriority(const YamlNode* node) {
  if (node == nullptr) return;
  const bool one = node->kind == YamlNode::Kind::kScalar;
  const std::vector<std::string> severities = {LevelName(Level::kCritical),
                                               LevelName(Level::kWarning)};
  std::optional<MapReader> map;
  if (!one) map.emplace(context_, *node, "priority", severities);
  const auto for_all = one ? ReadPriority(*node) : std::nullopt;
  for (const std::string& severity : severities) {
    const YamlNode* own = map ? map->Find(severity) : nullptr;
    const auto priority = own != nullptr ? ReadPriority(*own) : for_all;
    if (priority) options_.priority[severity] = *priority;
  }
}

std::vector<const YamlNode*> PageDecoder::Items(const YamlNode* node, const char* key) {
  std::vector<const YamlNode*> items;
  if (node == nullptr) return items;
  if (node->kind != YamlNode::Kind::kSequence) {
    context_.Error(*node, code::kWrongType, absl::StrCat(key, " must be a list"));
    return items;
  }
  CheckCount(*node, key, node->items.size());
  for (const YamlNodePtr& item : node->items) items.push_back(item.get());
  return items;
}

void PageDecoder::CheckCount(const YamlNode& node, const char* key, size_t count) {
  if (count <= kPageItemsMax) return;
  context_.Error(node, code::kLimit, absl::StrCat("more than ", kPageItemsMax, " ", key));
}

void PageDecoder::DecodeResponders(const YamlNode* node) {
  for (const YamlNode* item : Items(node, "responders")) DecodeResponder(*item);
}

void PageDecoder::DecodeResponder(const YamlNode& node) {
  const MapReader reader(context_, node, "responder", {"type", "id", "name", "username"});
  if (!reader.is_map()) return;
  const auto read = [&](const char* key) {
    return ReadTemplate(reader.Find(key), absl::StrCat(key, " of a responder"));
  };
  PageResponder responder{read("type"), read("id"), read("name"), read("username")};
  if (const auto fault = CheckResponderType(responder)) {
    return context_.Error(reader.Key("type"), code::kBadValue, fault->message, fault->hint);
  }
  if (const auto fault = CheckResponderName(responder)) {
    return context_.Error(node, code::kBadValue, fault->message, fault->hint);
  }
  options_.responders.push_back(std::move(responder));
}

void PageDecoder::DecodeDetails(const YamlNode* node) {
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::kMap) {
    return context_.Error(*node, code::kWrongType, "details must be a map");
  }
  CheckCount(*node, "details", node->entries.size());
  for (const YamlEntry& entry : node->entries) {
    const std::string& key = entry.key->value;
    if (const auto fault = CheckDetailKey(key)) {
      context_.Error(*entry.key, code::kBadValue, fault->message, fault->hint);
      continue;
    }
    bytes_ += key.size();
    options_.details[key] = ReadTemplate(entry.value.get(), absl::StrCat("detail \"", key, "\""));
  }
}

std::vector<std::string> PageDecoder::ReadTemplates(const YamlNode* node, const char* key) {
  std::vector<std::string> texts;
  for (const YamlNode* item : Items(node, key)) texts.push_back(ReadTemplate(item, key));
  return texts;
}

std::string PageDecoder::ReadTemplate(const YamlNode* node, const std::string& what) {
  if (node == nullptr) return "";
  const std::string text = ReadString(context_, *node, what).value_or("");
  bytes_ += text.size();
  if (const auto fault = CheckPageTemplate(text)) ReportPageTemplate(context_, *node, what, *fault);
  return text;
}

}  // namespace

PageOptions DecodePage(DecodeContext& context, const YamlNode* node) {
  if (node == nullptr) return {};
  return PageDecoder(context).Decode(*node);
}

}  // namespace tocsin::rules
