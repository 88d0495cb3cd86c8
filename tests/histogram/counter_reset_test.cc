#include "base/histogram/counter_reset.h"

#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

struct ResetCase {
  const char* name;
  const char* previous;
  const char* current;
  bool reset;
};

TEST(IsCounterResetTest, Cases) {
  const ResetCase cases[] = {
      {"grows", "{{count:3 buckets:[1 2]}}", "{{count:4 buckets:[1 3]}}", false},
      {"new_bucket", "{{count:1 buckets:[1]}}", "{{count:2 buckets:[1 1]}}", false},
      {"count_falls", "{{count:3}}", "{{count:2}}", true},
      {"sum_falls", "{{count:3 sum:5}}", "{{count:3 sum:2}}", false},
      {"bucket_falls", "{{count:3 buckets:[2 1]}}", "{{count:3 buckets:[1 2]}}", true},
      {"bucket_gone", "{{count:3 buckets:[2 1]}}", "{{count:3 buckets:[3]}}", true},
      {"negative_bucket_falls", "{{count:2 n_buckets:[2]}}", "{{count:2 n_buckets:[1 1]}}", true},
      {"empty_bucket_gone", "{{count:2 buckets:[2 0]}}", "{{count:2 buckets:[2]}}", false},
      {"zero_bucket_falls", "{{count:2 z_bucket:2}}", "{{count:2 z_bucket:1 buckets:[1]}}", true},
      {"finer", "{{schema:0 count:1 buckets:[1]}}", "{{schema:1 count:1 buckets:[1]}}", true},
      {"coarser", "{{schema:1 count:3 buckets:[1 1 1]}}", "{{schema:0 count:3 buckets:[1 2]}}",
       false},
      {"coarser_and_less", "{{schema:1 count:3 buckets:[1 1 1]}}",
       "{{schema:0 count:3 buckets:[2 1]}}", true},
      {"zero_bucket_smaller", "{{count:1 z_bucket_w:1}}", "{{count:1 z_bucket_w:0.5}}", true},
      {"zero_bucket_takes_buckets", "{{count:3 z_bucket:1 buckets:[1 1]}}",
       "{{count:3 z_bucket:2 z_bucket_w:1 buckets:[0 1]}}", false},
      {"zero_bucket_cuts_a_bucket", "{{count:3 z_bucket:1 buckets:[1 1]}}",
       "{{count:3 z_bucket:2 z_bucket_w:0.75 buckets:[0 1]}}", true},
      {"says_so", "{{count:1}}", "{{count:2 counter_reset_hint:reset}}", true},
      {"denies_it", "{{count:2}}", "{{count:1 counter_reset_hint:not_reset}}", false},
      {"gauge_is_looked_at", "{{count:2}}", "{{count:1 counter_reset_hint:gauge}}", true},
      {"to_custom", "{{count:1}}", "{{schema:-53 count:1 custom_values:[1]}}", true},
      {"to_exponential", "{{schema:-53 count:1 custom_values:[1]}}", "{{count:1}}", true},
      {"custom_grows", "{{schema:-53 count:3 custom_values:[1] buckets:[1 2]}}",
       "{{schema:-53 count:4 custom_values:[1] buckets:[1 3]}}", false},
      {"custom_falls", "{{schema:-53 count:3 custom_values:[1] buckets:[1 2]}}",
       "{{schema:-53 count:3 custom_values:[1] buckets:[2 1]}}", true},
      // Common bound 2: 3 below and 3 above before, 4 and 3 after.
      {"other_bounds_grow", "{{schema:-53 count:6 custom_values:[1 2] buckets:[1 2 3]}}",
       "{{schema:-53 count:7 custom_values:[2 3] buckets:[4 1 2]}}", false},
      {"other_bounds_fall", "{{schema:-53 count:6 custom_values:[1 2] buckets:[1 2 3]}}",
       "{{schema:-53 count:7 custom_values:[2 3] buckets:[2 1 4]}}", true},
  };
  for (const ResetCase& c : cases) {
    EXPECT_EQ(IsCounterReset(H(c.current), H(c.previous)), c.reset) << c.name;
  }
}

struct StoredCase {
  const char* name;
  const char* previous;  // null: none
  const char* current;
  CounterReset stored;
};

TEST(StoredCounterResetTest, Cases) {
  using enum CounterReset;
  const StoredCase cases[] = {
      {"first", nullptr, "{{count:1}}", kUnknown},
      {"first_says_not", nullptr, "{{count:1 counter_reset_hint:not_reset}}", kUnknown},
      {"continues", "{{count:1}}", "{{count:2}}", kNotReset},
      {"falls", "{{count:2}}", "{{count:1}}", kUnknown},
      {"falls_though_denied", "{{count:2}}", "{{count:1 counter_reset_hint:not_reset}}", kUnknown},
      {"says_reset", "{{count:1}}", "{{count:2 counter_reset_hint:reset}}", kUnknown},
      {"gauge", "{{count:1}}", "{{count:2 counter_reset_hint:gauge}}", kGauge},
      {"after_gauge", "{{count:1 counter_reset_hint:gauge}}", "{{count:2}}", kUnknown},
      {"other_schema", "{{schema:1 count:1}}", "{{schema:0 count:2}}", kUnknown},
      {"other_bounds", "{{schema:-53 count:1 custom_values:[1]}}",
       "{{schema:-53 count:1 custom_values:[2]}}", kUnknown},
  };
  for (const StoredCase& c : cases) {
    const NativeHistogram previous = c.previous ? H(c.previous) : NativeHistogram();
    EXPECT_EQ(StoredCounterReset(H(c.current), c.previous ? &previous : nullptr), c.stored)
        << c.name;
  }
}

}  // namespace
}  // namespace tocsin::engine
