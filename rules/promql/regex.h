#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace tocsin::promql {

// The regex of a matcher or of label_replace: RE2 syntax, `.` matches newline, at most 1 MiB of
// program. To be used with RE2::FullMatch, which anchors both ends. Errors: InvalidArgument, worded
// "error parsing regexp: ...".
absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(absl::string_view pattern);

// How many instructions its program has; the memory it takes grows with them. Errors: as above.
absl::StatusOr<size_t> RegexInstructions(absl::string_view pattern);

// Whether the whole of `text` matches.
bool FullMatch(const re2::RE2& regex, absl::string_view text);

}  // namespace tocsin::promql
