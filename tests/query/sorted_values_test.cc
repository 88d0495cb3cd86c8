// The sorted values of a window against a plain sorted array.
#include "engine/query/sorted_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "engine/query/quantile.h"

namespace tocsin::engine {
namespace {

TEST(SortedValuesTest, EqualsASortedArray) {
  std::mt19937_64 random(11);
  for (const size_t limit : {1u, 60u, 70u, 400u, 3000u}) {
    SortedValues sorted;
    std::vector<double> model;
    for (int step = 0; step < 6000; ++step) {
      // Few distinct values at times, so that equal ones fill whole blocks.
      const bool phase = step / 1500 % 2 == 0;
      double value = static_cast<double>(random() % (phase ? 4 : 100'000));
      if (random() % 50 == 0) value = std::nan("");
      if (random() % 50 == 0) value = -std::numeric_limits<double>::infinity();
      sorted.Insert(value);
      model.insert(std::upper_bound(model.begin(), model.end(), value, QuantileOrder), value);
      while (model.size() > limit || (!model.empty() && random() % 3 == 0)) {
        const size_t at = random() % model.size();
        sorted.Erase(model[at]);
        model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
      }
      ASSERT_EQ(sorted.size(), model.size());
      if (model.empty()) continue;
      const size_t rank = random() % model.size();
      const double expected = model[rank], actual = sorted.At(rank);
      ASSERT_TRUE(expected == actual || (std::isnan(expected) && std::isnan(actual))) << step;
    }
  }
}

}  // namespace
}  // namespace tocsin::engine
