#pragma once

#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Decodes the value of `monitors:` and appends what is right to `rules`. That names are unique is
// checked over all files by the caller.
void DecodeMonitors(DecodeContext& context, const YamlNode& node, RuleSet& rules);

}  // namespace tocsin::rules
