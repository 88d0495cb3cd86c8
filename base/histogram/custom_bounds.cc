#include "base/histogram/custom_bounds.h"

#include <algorithm>
#include <iterator>

namespace tocsin {

std::vector<double> CommonBounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

int32_t IndexAmongCommon(int32_t index, const std::vector<double>& bounds,
                         const std::vector<double>& common) {
  const auto place = static_cast<size_t>(index);
  if (place >= bounds.size()) return static_cast<int32_t>(common.size());
  const auto at = std::lower_bound(common.begin(), common.end(), bounds[place]);
  return static_cast<int32_t>(at - common.begin());
}

}  // namespace tocsin
