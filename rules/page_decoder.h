#pragma once

#include "rules/decode_context.h"
#include "rules/page_options.h"

namespace tocsin::rules {

// Reads the key `page` of a native monitor; null: it is absent, and says nothing. What is wrong is
// reported at its place and left out.
PageOptions DecodePage(DecodeContext& context, const YamlNode* node);

}  // namespace tocsin::rules
