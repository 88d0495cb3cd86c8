#pragma once

#include "base/labels.h"
#include "integrations/page/page_text.h"
#include "proto/tocsin/state/v1/state.pb.h"

// Expands what receivers and monitors say of a page (tags, entity, responders, ..). What such
// templates may say is checked by rules/page_check.h.
namespace tocsin::app {

// A template that fails gives "", so that the field is left out, and is logged once. What it
// returns and its copies may be called from any thread; it remembers what it parsed.
page::Expander MakeReceiverExpander(Labels external_labels);

}  // namespace tocsin::app
