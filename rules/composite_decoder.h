#pragma once

#include "rules/decode_context.h"
#include "rules/rule.h"

namespace tocsin::rules {

// Reads the keys `composite` and `severity` of a monitor and refuses those that only others have.
// The expression is checked by itself; its members are by CheckComposites.
void DecodeComposite(DecodeContext& context, const MapReader& reader, Monitor& monitor);

}  // namespace tocsin::rules
