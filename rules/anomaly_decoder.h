#pragma once

#include "rules/anomaly.h"
#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Decodes the value of a monitor's `anomaly:`, and what follows from it for the monitor's threshold
// (its value is the level as a number, as of a composite monitor).
void DecodeAnomaly(DecodeContext& context, const YamlNode& node, Monitor& monitor);

}  // namespace tocsin::rules
