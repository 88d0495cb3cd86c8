#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/query/query_engine.h"
#include "engine/query/window.h"

namespace tocsin::engine {

// The rows of an evaluated range vector that have samples, in order of labels, which are as users
// see them. InvalidArgument if two of them are equal.
absl::StatusOr<std::vector<MatrixRow>> CollectMatrix(RangeVector& range);

}  // namespace tocsin::engine
