#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// JSON documents read piece by piece, so that a large one never stands in memory as a tree. Pure
// functions, any thread.
//
// Errors: InvalidArgument if the text is not JSON (also what is not UTF-8) or is nested deeper than
// kJsonDepthMax.
namespace tocsin::datadog {

inline constexpr size_t kJsonDepthMax = 32;
// Values of one piece, about 40 bytes each: larger pieces are left out.
inline constexpr size_t kJsonPieceValuesMax = 100'000;

// Calls `take` for each element of the array at `key` of an object; with the key "" for each
// element of a document that is an array, or for a document that is a single object. What is not
// there has no elements. An error of `take`, which may move from what it is given, ends the walk
// and is returned. `too_large` counts the elements left out.
using TakeJson = std::function<absl::Status(nlohmann::json&)>;
absl::Status ForEachJsonElement(absl::string_view text, absl::string_view key, const TakeJson& take,
                                size_t* too_large);

// An object of those members of an object that are in `names` and not too large.
absl::StatusOr<nlohmann::json> ReadJsonMembers(absl::string_view text,
                                               const std::vector<std::string>& names);

}  // namespace tocsin::datadog
