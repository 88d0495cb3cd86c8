#pragma once

#include <vector>

#include "integrations/delivery/grouping.h"
#include "proto/tocsin/state/v1/state.pb.h"

namespace tocsin::delivery {

// What a page that stands for `firing` says: the labels, annotations and options of rules that all
// have in common, the worst severity, and a list. Not empty.
void DescribeGroup(const GroupId& id, const std::vector<const state::v1::DesiredPage*>& firing,
                   state::v1::DesiredPage& page);

}  // namespace tocsin::delivery
