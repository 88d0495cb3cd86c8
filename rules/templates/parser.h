#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/templates/ast.h"

namespace tocsin::templates {

// The nodes of a template in which the variables of Prometheus ($labels, $externalLabels,
// $externalURL, $value) are defined. InvalidArgument "line:column: message". Blocks and parentheses
// nest 64 deep at most.
absl::StatusOr<std::vector<Node>> ParseTemplate(absl::string_view text);

}  // namespace tocsin::templates
