#pragma once

#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/page_options.h"

namespace tocsin::engine {

// What a rule says of its pages, as it stands in one of them. A page that nothing is said of has no
// `options`.
void WritePageOptions(const rules::PageOptions& options, state::v1::DesiredPage& page);

}  // namespace tocsin::engine
