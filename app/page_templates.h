#pragma once

#include <optional>
#include <string>

#include "base/labels.h"
#include "integrations/page/page_text.h"
#include "proto/tocsin/state/v1/state.pb.h"

// Templates of receivers' configurations (tags, entity, actions): Go templates as in alert rules.
// .Labels ($labels) are the page's labels, severity and external labels included, .Value its value,
// .ExternalLabels the service's own.
namespace tocsin::app {

// What is wrong with a template. `certain`: it fails on every page, or does not parse; otherwise it
// failed on a page without labels of its own and may do better.
struct TemplateFault {
  std::string message;
  bool certain = true;
};
std::optional<TemplateFault> CheckReceiverTemplate(const std::string& text);

// A template that fails gives "", so that the field is left out, and is logged once. What it
// returns and its copies may be called from any thread; it remembers what it parsed.
page::Expander MakeReceiverExpander(Labels external_labels);

}  // namespace tocsin::app
