#pragma once

#include <optional>

#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Decodes the value of a monitor's `threshold:` and checks that every level can be reached and
// left.
//
// `recovery` as one condition is what must hold to leave any level; as a map it names the levels.
std::optional<Threshold> DecodeThreshold(DecodeContext& context, const YamlNode& node);

}  // namespace tocsin::rules
