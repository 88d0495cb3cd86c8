#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/diagnostic.h"

// A YAML text as a small tree that knows where everything stands. It exists so that yaml-cpp stays
// in one file and so that limits are checked while parsing, before anything is built.
namespace tocsin::rules {

struct YamlNode;
using YamlNodePtr = std::shared_ptr<const YamlNode>;

struct YamlEntry {
  YamlNodePtr key;  // a scalar
  YamlNodePtr value;
};

// Aliases share the node they name; merge keys (`<<`) are already merged in.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  std::string value;               // of a scalar, as the reader means it
  std::vector<YamlNodePtr> items;  // of a sequence
  std::vector<YamlEntry> entries;  // of a map, keys unique
  size_t offset = 0;               // of its first byte in the text, behind anchor and tag
  size_t visited_nodes = 1;        // itself and all below, aliases as often as used
  size_t height = 1;
};

struct YamlLimits {
  size_t bytes_max = 1 << 20;
  size_t depth_max = 32;
  size_t nodes_max = 100'000;
};

class YamlDocument {
 public:
  // Parses the first document of `text`; further ones are ignored with a warning. Findings are
  // appended; null if the text cannot be used. An empty text gives a null node as root.
  static std::unique_ptr<YamlDocument> Parse(const std::string& path, const std::string& text,
                                             const YamlLimits& limits,
                                             std::vector<Diagnostic>& findings);

  const YamlNode& root() const { return *root_; }
  const std::string& path() const { return path_; }

  SourcePosition PositionOf(const YamlNode& node) const { return PositionAt(node.offset); }
  // Where byte `value_offset` of a scalar's value stands. Exact for plain and block scalars, also
  // folded ones, and for quoted ones with ordinary escapes.
  SourcePosition PositionInside(const YamlNode& scalar, size_t value_offset) const;

 private:
  YamlDocument(std::string path, std::string text);
  SourcePosition PositionAt(size_t offset) const;

  const std::string path_;
  const std::string text_;
  std::vector<size_t> line_starts_;
  YamlNodePtr root_;
};

}  // namespace tocsin::rules
