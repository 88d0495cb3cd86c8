#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::templates {

std::string EscapeHtml(absl::string_view text);   // template.HTMLEscapeString
std::string EscapeJs(absl::string_view text);     // template.JSEscapeString
std::string EscapeQuery(absl::string_view text);  // url.QueryEscape: space becomes "+"

}  // namespace tocsin::templates
