#pragma once

#include <string>

#include "proto/tocsin/state/v1/state.pb.h"

namespace tocsin::app {

// Expands a template of a receiver's configuration (tags ...) for one page: .Labels, .Annotations
// are the page's labels, .Value its value. A template that does not parse or fails gives "", so the
// field is left out.
std::string ExpandReceiverTemplate(const std::string& text, const state::v1::DesiredPage& page);

}  // namespace tocsin::app
