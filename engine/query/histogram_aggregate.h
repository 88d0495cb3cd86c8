#pragma once

#include <vector>

#include "engine/query/grouped.h"

namespace tocsin::engine {

// The native histograms of a sum or an average: sets the groups that have some in `frame`, in which
// the aggregations of floats are already. A group with both has no result, nor one of histograms
// that cannot be added, which is noted.
void FoldHistograms(promql::AggregateOp op, const Operator& input, const Groups& groups,
                    Frame& frame, std::vector<Note>& notes);

}  // namespace tocsin::engine
