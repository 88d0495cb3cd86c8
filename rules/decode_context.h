#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/diagnostic.h"
#include "rules/rule_file.h"
#include "rules/yaml_tree.h"

namespace tocsin::rules {

// What the decoders of one file share: the document, the options and where findings go.
class DecodeContext {
 public:
  DecodeContext(const YamlDocument& document, const LoadOptions& options,
                std::vector<Diagnostic>& findings)
      : document_(document), options_(options), findings_(findings) {}

  const YamlDocument& document() const { return document_; }
  const LoadOptions& options() const { return options_; }

  void Error(const YamlNode& at, const char* code, std::string message, std::string hint = "") {
    Report(document_.PositionOf(at), Severity::kError, code, std::move(message), std::move(hint));
  }
  // At a byte of a scalar's value.
  void ErrorInside(const YamlNode& at, size_t value_offset, const char* code, std::string message,
                   std::string hint = "") {
    Report(document_.PositionInside(at, value_offset), Severity::kError, code, std::move(message),
           std::move(hint));
  }
  void Lint(const YamlNode& at, Severity severity, const char* code, std::string message,
            std::string hint) {
    if (options_.lint) {
      Report(document_.PositionOf(at), severity, code, std::move(message), std::move(hint));
    }
  }

 private:
  void Report(SourcePosition position, Severity severity, const char* code, std::string message,
              std::string hint) {
    findings_.push_back({std::move(position), severity, std::move(message), code, std::move(hint)});
  }

  const YamlDocument& document_;
  const LoadOptions& options_;
  std::vector<Diagnostic>& findings_;
};

// Looks keys up in a map and reports those nobody asks for.
class MapReader {
 public:
  // `what` names the map in messages: "group", "monitor". `known` are its keys. Reports unknown
  // keys, and a node that is not a map (then it reads as empty). A null node is an empty map.
  MapReader(DecodeContext& context, const YamlNode& node, absl::string_view what,
            const std::vector<std::string>& known);

  bool is_map() const {
    return node_.kind != YamlNode::Kind::kScalar && node_.kind != YamlNode::Kind::kSequence;
  }

  // The value; null if the key is absent or its value is null, which mean the same.
  const YamlNode* Find(absl::string_view key) const;
  // The key itself, for its position; the map if the key is absent.
  const YamlNode& Key(absl::string_view key) const;
  // As Find, but reports a key that is missing.
  const YamlNode* Require(absl::string_view key) const;

 private:
  const YamlEntry* FindEntry(absl::string_view key) const;

  DecodeContext& context_;
  const YamlNode& node_;
  const std::string what_;
};

}  // namespace tocsin::rules
