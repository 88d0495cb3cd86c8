#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "integrations/page/page_text.h"

// Parts of a page as JSON. Included by .cc files only: the library is slow to compile.
namespace tocsin::page {

nlohmann::json LabelsJson(const Labels& labels);  // {"name": "value", ..}
// Those that are not empty; and, unless the rule has annotations of these names, `evidence` and
// `trace_id` (its newest) of a page with evidence.
nlohmann::json AnnotationsJson(const DesiredPage& page);

// Compact; bytes that are not UTF-8 become U+FFFD.
std::string Dump(const nlohmann::json& json);

}  // namespace tocsin::page
