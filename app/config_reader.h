#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/diagnostic.h"
#include "rules/yaml_tree.h"

namespace tocsin::app {

using rules::YamlNode;

// Codes of findings about configurations; rules/diagnostic.h has the rest. Never reuse one.
inline constexpr char kOpenListener[] = "TC070";  // a port that other hosts reach
inline constexpr char kNobodyPaged[] = "TC071";   // no receivers
inline constexpr char kSecret[] = "TC072";        // a secret cannot be had

// Collects what is wrong with one configuration file, each finding at its place.
class ConfigFindings {
 public:
  ConfigFindings(const rules::YamlDocument& document, std::vector<rules::Diagnostic>& findings)
      : document_(document), findings_(findings) {}

  void Error(const YamlNode& at, const char* code, std::string message, std::string hint = "");
  void Warning(const YamlNode& at, const char* code, std::string message, std::string hint = "");
  void BadValue(const YamlNode& at, std::string message, std::string hint = "") {
    Error(at, rules::code::kBadValue, std::move(message), std::move(hint));
  }

 private:
  const rules::YamlDocument& document_;
  std::vector<rules::Diagnostic>& findings_;
};

// Milliseconds of 31 years, far more bytes or series than any machine has: sums and products of two
// such numbers do not overflow.
inline constexpr uint64_t kCountMax = 1'000'000'000'000;

// The keys of a map and what to do with them. Reads each value by its type; a value of a wrong type
// is a finding and leaves the target as it was, so that all findings of a file come at once.
class ConfigMap {
 public:
  // `what` names the map in findings: "route". A null node reads as an empty map.
  ConfigMap(ConfigFindings& findings, const YamlNode& node, std::string what);

  // Reports keys that are in neither list, and those in `later` unless their value is empty.
  void CheckKeys(const std::vector<std::string>& known, const std::vector<std::string>& later = {});

  // Null if the key is absent or its value is null, which mean the same.
  const YamlNode* Find(absl::string_view key) const;
  // The key itself, for its position; the map if it is absent.
  const YamlNode& Key(absl::string_view key) const;
  const YamlNode& node() const { return node_; }

  // False if the key is absent or its value unusable.
  bool ReadString(absl::string_view key, std::string* out) const;
  bool ReadBool(absl::string_view key, bool* out) const;
  bool ReadDuration(absl::string_view key, absl::Duration* out) const;
  // Whole number from `least` to kCountMax.
  bool ReadCount(absl::string_view key, uint64_t* out, uint64_t least = 1) const;
  bool ReadStrings(absl::string_view key, std::vector<std::string>* out) const;
  // Calls `read` for each item; an absent key has none.
  void ForEachItem(absl::string_view key, const std::function<void(const YamlNode&)>& read) const;

 private:
  const rules::YamlEntry* FindEntry(absl::string_view key) const;

  ConfigFindings& findings_;
  const YamlNode& node_;
  const std::string what_;
};

// The text of a scalar; a finding and nullopt for anything else.
std::optional<std::string> ReadText(ConfigFindings& findings, const YamlNode& node,
                                    absl::string_view what);

}  // namespace tocsin::app
