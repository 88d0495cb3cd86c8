#include "rules/composite_decoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/composite.h"
#include "rules/condition.h"
#include "rules/decode_values.h"

namespace tocsin::rules {
namespace {

std::optional<Level> DecodeSeverity(DecodeContext& context, const YamlNode* node) {
  if (node == nullptr) return std::nullopt;
  for (const Level level : {Level::kWarning, Level::kCritical}) {
    if (node->kind == YamlNode::Kind::kScalar && node->value == LevelName(level)) return level;
  }
  context.Error(*node, code::kBadValue, "severity must be warning or critical",
                "without it a composite monitor is as bad as the worst of its members");
  return std::nullopt;
}

}  // namespace

void DecodeComposite(DecodeContext& context, const MapReader& reader, Monitor& monitor) {
  for (const auto& [key, why] :
       {std::pair("query", "a composite monitor reads other monitors and has no query"),
        std::pair("no_data", "a composite monitor has no data of its own; its members have")}) {
    if (reader.Find(key)) context.Error(reader.Key(key), code::kConflict, why);
  }
  const YamlNode& node = *reader.Find("composite");
  const std::optional<Level> severity = DecodeSeverity(context, reader.Find("severity"));
  const std::optional<std::string> text = ReadString(context, node, "composite");
  if (!text) return;
  ParsedComposite parsed = ParseComposite(*text);
  if (parsed.error) {
    context.ErrorInside(node, parsed.error->offset, code::kComposite,
                        absl::StrCat("could not parse composite: ", parsed.error->message),
                        parsed.error->hint);
    return;
  }
  for (CompositeMember& member : parsed.composite->members) {
    member.position = context.document().PositionInside(node, member.offset);
  }
  parsed.composite->severity = severity;
  monitor.composite = std::move(parsed.composite);
  monitor.threshold.critical = AtLeast(Level::kCritical);
  monitor.threshold.warning = AtLeast(Level::kWarning);
}

}  // namespace tocsin::rules
