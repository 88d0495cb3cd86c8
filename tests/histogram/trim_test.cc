#include "base/histogram/trim.h"

#include <cmath>
#include <limits>

#include "base/histogram/text.h"
#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

struct TrimCase {
  const char* name;
  const char* histogram;
  double bound;
  const char* below;
  const char* above;
};

TEST(TrimTest, Cases) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const char* custom = "{{schema:-53 count:10 sum:60 custom_values:[4 8] buckets:[2 6 2]}}";
  const TrimCase cases[] = {
      {"nothing_above", "{{count:3 sum:7 buckets:[1 2]}}", 2, "{{count:3 sum:7 buckets:[1 2]}}",
       "{{}}"},
      {"nothing_below", "{{schema:-1 count:3 sum:7 buckets:[1 2]}}", 0.25, "{{schema:-1}}",
       "{{schema:-1 count:3 sum:7 buckets:[1 2]}}"},
      // The sum is made of the geometric middles: of (1, 4] 2, of (4, 16] 8.
      {"at_a_bound", "{{schema:-1 count:3 sum:7 buckets:[0 1 2]}}", 4,
       "{{schema:-1 count:1 sum:2 offset:1 buckets:[1]}}",
       "{{schema:-1 count:2 sum:16 offset:2 buckets:[2]}}"},
      // Half of (1, 65536] on the logarithmic scale is below 256.
      {"within_a_bucket", "{{schema:-4 count:4 sum:7 buckets:[0 4]}}", 256,
       "{{schema:-4 count:2 sum:32 offset:1 buckets:[2]}}",
       "{{schema:-4 count:2 sum:8192 offset:1 buckets:[2]}}"},
      {"negative", "{{schema:-4 count:4 sum:-7 n_buckets:[0 4]}}", -256,
       "{{schema:-4 count:2 sum:-8192 n_offset:1 n_buckets:[2]}}",
       "{{schema:-4 count:2 sum:-32 n_offset:1 n_buckets:[2]}}"},
      {"zero_bucket", "{{count:8 sum:3 z_bucket:8 z_bucket_w:0.5}}", 0.25,
       "{{count:6 sum:-0.75 z_bucket:6 z_bucket_w:0.5}}",
       "{{count:2 sum:0.75 z_bucket:2 z_bucket_w:0.5}}"},
      {"zero_bucket_of_positive_side",
       "{{schema:-1 count:9 sum:3 z_bucket:8 z_bucket_w:0.5 buckets:[0 1]}}", 0.25,
       "{{schema:-1 count:4 sum:0.5 z_bucket:4 z_bucket_w:0.5}}",
       "{{schema:-1 count:5 sum:3.5 z_bucket:4 z_bucket_w:0.5 offset:1 buckets:[1]}}"},
      {"custom_is_linear", custom, 5,
       "{{schema:-53 count:3.5 sum:10.75 custom_values:[4 8] buckets:[2 1.5]}}",
       "{{schema:-53 count:6.5 sum:45.25 custom_values:[4 8] offset:1 buckets:[4.5 2]}}"},
      {"custom_first", custom, 1,
       "{{schema:-53 count:0.5 sum:0.25 custom_values:[4 8] buckets:[0.5]}}",
       "{{schema:-53 count:9.5 sum:55.75 custom_values:[4 8] buckets:[1.5 6 2]}}"},
      {"custom_last", custom, 10, "{{schema:-53 count:8 sum:40 custom_values:[4 8] buckets:[2 6]}}",
       "{{schema:-53 count:2 sum:20 custom_values:[4 8] offset:2 buckets:[2]}}"},
      {"infinite", custom, kInf,
       "{{schema:-53 count:10 sum:60 custom_values:[4 8] buckets:[2 6 2]}}",
       "{{schema:-53 custom_values:[4 8]}}"},
      {"minus_infinite", custom, -kInf, "{{schema:-53 custom_values:[4 8]}}",
       "{{schema:-53 count:10 sum:60 custom_values:[4 8] buckets:[2 6 2]}}"},
  };
  for (const TrimCase& c : cases) {
    EXPECT_EQ(HistogramNotation(Trimmed(H(c.histogram), Trim::kKeepBelow, c.bound)), c.below)
        << c.name;
    EXPECT_EQ(HistogramNotation(Trimmed(H(c.histogram), Trim::kKeepAbove, c.bound)), c.above)
        << c.name;
  }
}

}  // namespace
}  // namespace tocsin::engine
