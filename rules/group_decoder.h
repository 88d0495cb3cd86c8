#pragma once

#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Decodes the value of `groups:` and appends what is right to `rules`.
void DecodeGroups(DecodeContext& context, const YamlNode& node, RuleSet& rules);

}  // namespace tocsin::rules
