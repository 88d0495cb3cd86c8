#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rules/page_options.h"

// What is wrong with what a file says of pages, be it a monitor's or a receiver's. Pure functions;
// thread: any.
namespace tocsin::rules {

struct PageFault {
  std::string message;
  std::string hint;  // "": none
};

bool IsTemplate(absl::string_view text);  // it has something to expand

bool IsPriority(absl::string_view text);  // P1 to P5

// A responder that OpsGenie would refuse, and the page with it. What is a template may become
// right, and one of several names may be: OpsGenie's is the one that the type wants.
std::optional<PageFault> CheckResponderType(const PageResponder& responder);
std::optional<PageFault> CheckResponderName(const PageResponder& responder);

// Keys of details that are Tocsin's own: value, condition, since, episode, cut; and blank ones.
std::optional<PageFault> CheckDetailKey(absl::string_view key);

// A template of receivers: Go templates as in alert rules. .Labels ($labels) are the page's labels,
// severity and external labels included, .Value its value, .Evidence its evidence, .ExternalLabels
// the service's own.
// `certain`: it fails on every page, or does not parse; otherwise it failed on a page without
// labels of its own and may do better.
struct PageTemplateFault {
  std::string message;
  std::string hint;
  bool certain = true;
};
std::optional<PageTemplateFault> CheckPageTemplate(const std::string& text);

}  // namespace tocsin::rules
