#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/templates/ast.h"

namespace tocsin::templates {

// Runs a parsed template. `text` is what it was parsed from, for positions in errors.
// ResourceExhausted beyond 64 KiB of output, 100 000 steps or 1000 variables.
absl::StatusOr<std::string> Execute(const std::vector<Node>& nodes, absl::string_view text,
                                    const TemplateData& data);

}  // namespace tocsin::templates
