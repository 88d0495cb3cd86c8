#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rules/decode_context.h"
#include "rules/page_check.h"
#include "rules/rule.h"

// Readers of single values. Each reports what is wrong and then gives nothing.
namespace tocsin::rules {

// Any scalar, as written: YAML's numbers and booleans are texts to rule files.
std::optional<std::string> ReadString(DecodeContext& context, const YamlNode& node,
                                      absl::string_view what);
// "1h30m", "0".
std::optional<absl::Duration> ReadDuration(DecodeContext& context, const YamlNode& node,
                                           absl::string_view what);
std::optional<bool> ReadBool(DecodeContext& context, const YamlNode& node, absl::string_view what);
std::optional<int64_t> ReadInteger(DecodeContext& context, const YamlNode& node,
                                   absl::string_view what);
// An expression that gives a scalar or an instant vector and that the engine can evaluate.
std::optional<Query> ReadQuery(DecodeContext& context, const YamlNode& node,
                               absl::string_view what);

enum class TextKind { kLabel, kAnnotation };
// One entry of `labels` or `annotations`, with its nodes for positions.
struct NamedText {
  std::string name;
  std::string text;
  const YamlNode* value = nullptr;
};
// Names are checked; sorted by name.
std::vector<NamedText> ReadTexts(DecodeContext& context, const YamlNode* map, TextKind kind);
// Parses the templates of `texts`. Errors are reported at their place; such entries are left out.
TemplatedMap CompileTexts(DecodeContext& context, const std::vector<NamedText>& texts,
                          TextKind kind);

// A template of receivers that fails: an error, or a warning if it may do better with labels.
// `what` names it: "entity".
void ReportPageTemplate(DecodeContext& context, const YamlNode& node, absl::string_view what,
                        const PageTemplateFault& fault);

}  // namespace tocsin::rules
