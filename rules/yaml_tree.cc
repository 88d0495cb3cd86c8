#include "rules/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "rules/yaml_position.h"

namespace tocsin::rules {
namespace {

struct Problem {
  size_t offset = 0;
  std::string message;
  const char* code = code::kYaml;
  std::string hint;
};

constexpr char kStringTag[] = "tag:yaml.org,2002:str";

bool IsPlainTag(const std::string& tag) {
  return tag.empty() || tag == "?";
}
bool IsNullWord(const std::string& word) {
  return word.empty() || word == "~" || word == "null" || word == "Null" || word == "NULL";
}

// Behind the anchor and the tag that may stand before a node.
size_t SkipProperties(const std::string& text, size_t offset) {
  while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
    offset = std::min(text.find_first_of(" \t\r\n", offset), text.size());
    offset = std::min(text.find_first_not_of(" \t\r\n", offset), text.size());
  }
  return offset;
}

// Builds the tree from yaml-cpp's events. After the first problem that breaks the structure or a
// limit, it ignores the rest, so memory stays bounded whatever comes.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& text, const YamlLimits& limits) : text_(text), limits_(limits) {}

  std::vector<Problem>& problems() { return problems_; }
  bool stopped() const { return stopped_; }
  YamlNodePtr TakeRoot() { return root_ ? std::move(root_) : std::make_shared<const YamlNode>(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    AddLeaf(mark, anchor, YamlNode::Kind::kNull, "");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (IsPlainTag(tag) && IsNullWord(value)) return OnNull(mark, anchor);
    if (!IsPlainTag(tag) && tag != "!" && tag != kStringTag) RefuseTag(mark, tag);
    AddLeaf(mark, anchor, YamlNode::Kind::kScalar, value);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (stopped_) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || found->second == nullptr) {
      return Stop(mark, code::kYaml, "alias refers to a node that contains it");
    }
    if (stack_.size() + found->second->height > limits_.depth_max) return StopTooDeep(mark);
    if (!Count(mark, found->second->visited_nodes)) return;
    Add(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override {
    if (!stopped_) FinishMap(*stack_.back().node);
    Close();
  }

 private:
  struct Frame {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlNodePtr key;  // of the entry whose value is to come
  };

  void Stop(const YAML::Mark& mark, const char* code, std::string message) {
    if (stopped_) return;
    stopped_ = true;
    problems_.push_back({OffsetOf(mark), std::move(message), code, ""});
  }
  void StopTooDeep(const YAML::Mark& mark) {
    Stop(mark, code::kLimit, absl::StrCat("nested deeper than ", limits_.depth_max, " levels"));
  }
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!stopped_) {
      problems_.push_back({OffsetOf(mark), absl::StrCat("YAML tag \"", tag, "\" is not allowed"),
                           code::kYaml, "remove the tag"});
    }
  }
  size_t OffsetOf(const YAML::Mark& mark) const {
    return mark.pos < 0 ? 0 : std::min(static_cast<size_t>(mark.pos), text_.size());
  }

  bool Count(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= limits_.nodes_max) return true;
    Stop(mark, code::kLimit, absl::StrCat("more than ", limits_.nodes_max, " YAML nodes"));
    return false;
  }

  void AddLeaf(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind,
               const std::string& value) {
    if (stopped_ || !Count(mark, 1)) return;
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->value = value;
    node->offset = SkipProperties(text_, OffsetOf(mark));
    if (anchor != 0) anchors_[anchor] = node;
    Add(std::move(node));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (stopped_ || !Count(mark, 1)) return;
    if (stack_.size() >= limits_.depth_max) return StopTooDeep(mark);
    if (!IsPlainTag(tag)) RefuseTag(mark, tag);
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->offset = SkipProperties(text_, OffsetOf(mark));
    if (anchor != 0) anchors_[anchor] = nullptr;  // not whole yet
    stack_.push_back({std::move(node), anchor, nullptr});
  }

  void Close() {
    if (stopped_) return;
    const Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor != 0) anchors_[frame.anchor] = frame.node;
    Add(frame.node);
  }

  void Add(YamlNodePtr node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& parent = stack_.back();
    parent.node->visited_nodes += node->visited_nodes;
    parent.node->height = std::max(parent.node->height, node->height + 1);
    if (parent.node->kind == YamlNode::Kind::kSequence) {
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      parent.key = std::move(node);
    } else {
      parent.node->entries.push_back({std::move(parent.key), std::move(node)});
      parent.key = nullptr;
    }
  }

  // Checks the keys and merges `<<` in. Own keys win, then the earlier of several merged maps.
  void FinishMap(YamlNode& map) {
    std::vector<YamlEntry> own;
    std::vector<YamlNodePtr> merged;
    absl::flat_hash_map<absl::string_view, const YamlNode*> seen;
    for (YamlEntry& entry : map.entries) {
      if (entry.key->kind != YamlNode::Kind::kScalar) {
        problems_.push_back({entry.key->offset, "a key must be a plain word", code::kYaml, ""});
        continue;
      }
      const auto [first, is_new] = seen.emplace(entry.key->value, entry.key.get());
      if (!is_new) {
        problems_.push_back({entry.key->offset,
                             absl::StrCat("key \"", entry.key->value, "\" is given twice"),
                             code::kDuplicateKey, LineHint(first->second->offset)});
      } else if (entry.key->value == "<<") {
        CollectMerged(entry.value, merged);
      } else {
        own.push_back(entry);
      }
    }
    for (const YamlNodePtr& source : merged) {
      for (const YamlEntry& entry : source->entries) {
        if (seen.emplace(entry.key->value, entry.key.get()).second) own.push_back(entry);
      }
    }
    map.entries = std::move(own);
  }

  void CollectMerged(const YamlNodePtr& value, std::vector<YamlNodePtr>& merged) {
    if (value->kind == YamlNode::Kind::kMap) {
      merged.push_back(value);
      return;
    }
    const bool all_maps =
        value->kind == YamlNode::Kind::kSequence &&
        std::all_of(value->items.begin(), value->items.end(),
                    [](const auto& item) { return item->kind == YamlNode::Kind::kMap; });
    if (all_maps) {
      merged.insert(merged.end(), value->items.begin(), value->items.end());
    } else {
      problems_.push_back({value->offset, "\"<<\" needs a map or a list of maps", code::kYaml, ""});
    }
  }

  std::string LineHint(size_t offset) const {
    const auto lines = std::count(text_.begin(), text_.begin() + static_cast<long>(offset), '\n');
    return absl::StrCat("first given in line ", lines + 1);
  }

  const std::string& text_;
  const YamlLimits limits_;
  std::vector<Problem> problems_;
  bool stopped_ = false;
  size_t nodes_ = 0;
  std::vector<Frame> stack_;
  absl::flat_hash_map<YAML::anchor_t, YamlNodePtr> anchors_;
  YamlNodePtr root_;
};

// Finds out whether a further document says anything. Where yaml-cpp cannot get on it reports empty
// documents at the same place for ever.
class DocumentDetector : public YAML::EventHandler {
 public:
  std::optional<size_t> content_offset() const { return content_offset_; }
  // Where nothing more can be read.
  std::optional<size_t> stuck_offset() const { return stuck_offset_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos < 0) return;
    const auto start = static_cast<size_t>(mark.pos);
    if (start_ == start) stuck_offset_ = start;
    start_ = start;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { See(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    See(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    See(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    See(mark);
  }
  void OnMapEnd() override {}

 private:
  void See(const YAML::Mark& mark) {
    if (!content_offset_ && mark.pos >= 0) content_offset_ = static_cast<size_t>(mark.pos);
  }
  std::optional<size_t> content_offset_;
  std::optional<size_t> start_;  // of the document before
  std::optional<size_t> stuck_offset_;
};

// The offset of the first byte that is not valid UTF-8.
std::optional<size_t> FindInvalidUtf8(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80       ? 1
                          : lead >> 5 == 6  ? 2
                          : lead >> 4 == 14 ? 3
                          : lead >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || i + length > text.size()) return i;
    uint32_t code_point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return i;
      code_point = code_point << 6 | (next & 0x3fu);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code_point < kSmallest[length] || code_point > 0x10ffff) return i;
    if (code_point >= 0xd800 && code_point <= 0xdfff) return i;
    i += length;
  }
  return std::nullopt;
}

Problem FromException(const YAML::Exception& error) {
  return {error.mark.pos < 0 ? 0 : static_cast<size_t>(error.mark.pos), error.msg, code::kYaml, ""};
}

DocumentDetector LookForFurtherDocument(YAML::Parser& parser) {
  DocumentDetector detector;
  try {
    while (!detector.content_offset() && !detector.stuck_offset() &&
           parser.HandleNextDocument(detector)) {
    }
  } catch (const YAML::Exception&) {
    // What is ignored need not be valid.
  }
  return detector;
}

}  // namespace

YamlDocument::YamlDocument(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), line_starts_{0} {
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::unique_ptr<YamlDocument> YamlDocument::Parse(const std::string& path, const std::string& text,
                                                  const YamlLimits& limits,
                                                  std::vector<Diagnostic>& findings) {
  constexpr char kByteOrderMark[] = "\xef\xbb\xbf";
  const bool has_mark = absl::StartsWith(text, kByteOrderMark);
  std::unique_ptr<YamlDocument> document(
      new YamlDocument(path, has_mark ? text.substr(sizeof(kByteOrderMark) - 1) : text));
  const std::string& body = document->text_;
  const auto report = [&](const Problem& problem, Severity severity = Severity::kError) {
    findings.push_back({document->PositionAt(problem.offset), severity, problem.message,
                        problem.code, problem.hint});
  };
  if (body.size() > limits.bytes_max) {
    findings.push_back({{path, 0, 0},
                        Severity::kError,
                        absl::StrCat("file is larger than ", limits.bytes_max, " bytes"),
                        code::kLimit,
                        "split it into several files"});
    return nullptr;
  }
  if (const auto invalid = FindInvalidUtf8(body)) {
    report({*invalid, "not valid UTF-8", code::kYaml, ""});
    return nullptr;
  }

  TreeBuilder builder(body, limits);
  std::optional<Problem> syntax;
  std::optional<size_t> further;
  try {
    std::istringstream stream(body);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (!builder.stopped()) {
      const DocumentDetector rest = LookForFurtherDocument(parser);
      further = rest.content_offset();
      if (rest.stuck_offset()) {
        syntax = Problem{*rest.stuck_offset(), "nothing can be read from here on", code::kYaml, ""};
      }
    }
  } catch (const YAML::Exception& error) {
    syntax = FromException(error);
  }
  for (const Problem& problem : builder.problems()) report(problem);
  if (builder.stopped()) return nullptr;
  if (syntax) {
    report(*syntax);
    return nullptr;
  }
  if (further) {
    report({*further, "only the first YAML document of a file is read, this one is ignored",
            code::kMoreDocuments, ""},
           Severity::kWarning);
  }
  document->root_ = builder.TakeRoot();
  return document;
}

SourcePosition YamlDocument::PositionAt(size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const size_t line_start = *(next - 1);
  const auto column = std::count_if(
      text_.begin() + static_cast<long>(line_start), text_.begin() + static_cast<long>(offset),
      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return {path_, static_cast<int>(next - line_starts_.begin()), static_cast<int>(column) + 1};
}

SourcePosition YamlDocument::PositionInside(const YamlNode& scalar, size_t value_offset) const {
  return PositionAt(OffsetInText(text_, scalar.offset, scalar.value, value_offset));
}

}  // namespace tocsin::rules
