#pragma once

#include <map>

#include "base/labels.h"
#include "rules/notation.h"

namespace tocsin::promqltest {

// The native histograms with custom buckets that the classic ones among `series` (name_bucket with
// `le`, name_count, name_sum) stand for, by their labels: what load_with_nhcb adds. Steps at which
// a histogram is inconsistent have none.
std::map<Labels, notation::Values> NativeOfClassic(
    const std::map<Labels, notation::Values>& series);

}  // namespace tocsin::promqltest
