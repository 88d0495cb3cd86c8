#include "base/histogram/trim.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is left of a bucket: how many observations, and the value each is taken for.
struct Remainder {
  double count = 0;
  double middle = 0;
};

double ZeroIfInfinite(double bound) {
  return std::isinf(bound) ? 0 : bound;
}

// The value that stands for the observations of an interval.
double Middle(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  const double middle = std::sqrt(std::fabs(lower * upper));
  return positive ? middle : -middle;
}

class Trimmer {
 public:
  Trimmer(const NativeHistogram& h, Trim trim, double bound)
      : result_(h), below_(trim == Trim::kKeepBelow), bound_(bound) {}

  NativeHistogram Run() {
    const bool has_positive = TrimSide(result_.positive, /*positive=*/true);
    const bool has_negative = TrimSide(result_.negative, /*positive=*/false);
    if (result_.zero_count > 0) {
      Take(TrimZero(has_negative, has_positive), result_.zero_count);
    }
    if (!trimmed_) return std::move(result_);
    result_.count = count_;
    result_.sum = sum_;
    Compact(result_);
    return std::move(result_);
  }

 private:
  // Puts what is left in place of `count`.
  void Take(const Remainder& left, double& count) {
    trimmed_ = trimmed_ || left.count != count;
    count = left.count;
    count_ += left.count;
    sum_ += left.middle * left.count;
  }

  // True if the side has observations.
  bool TrimSide(std::vector<HistogramBucket>& buckets, bool positive) {
    bool any = false;
    for (HistogramBucket& bucket : buckets) {
      if (bucket.count == 0) continue;
      any = true;
      const BucketRange range =
          positive ? PositiveRange(result_, bucket) : NegativeRange(result_, bucket);
      Take(TrimBucket(range, positive), bucket.count);
    }
    return any;
  }

  Remainder TrimBucket(const BucketRange& bucket, bool positive) const {
    const bool linear = result_.has_custom_buckets();
    const bool inside = below_ ? bucket.upper <= bound_ : bucket.lower >= bound_;
    if (inside) {
      return {bucket.count, Middle(bucket.lower, bucket.upper, positive, linear)};
    }
    const bool split = below_ ? bucket.lower < bound_ : bucket.upper > bound_;
    if (!split) return {};
    if (std::isinf(bucket.lower)) return SplitFirst(bucket);
    if (std::isinf(bucket.upper)) return SplitLast(bucket);
    const double under = bucket.count * PartBelow(bucket, positive, linear);
    if (below_) return {under, Middle(bucket.lower, bound_, positive, linear)};
    return {bucket.count - under, Middle(bound_, bucket.upper, positive, linear)};
  }

  double PartBelow(const BucketRange& bucket, bool positive, bool linear) const {
    if (linear) return (bound_ - bucket.lower) / (bucket.upper - bucket.lower);
    const double lower = std::log2(std::fabs(bucket.lower));
    const double upper = std::log2(std::fabs(bucket.upper));
    const double at = std::log2(std::fabs(bound_));
    return positive ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
  }

  // The bound is in a bucket that begins at minus infinity: with a positive end it is taken to
  // begin at 0.
  Remainder SplitFirst(const BucketRange& bucket) const {
    const bool ends_above_zero = bucket.upper > 0 && bucket.upper != kInfinity;
    if (below_) {
      if (bound_ > 0 && ends_above_zero) {
        return {bucket.count * bound_ / bucket.upper, bound_ / 2};
      }
      if (bucket.upper <= 0) return {bucket.count, bound_};
      return {0, ZeroIfInfinite(bucket.upper)};
    }
    if (bound_ >= 0 && ends_above_zero) {
      return {bucket.count * (1 - bound_ / bucket.upper), (bound_ + bucket.upper) / 2};
    }
    return {0, ZeroIfInfinite(bucket.upper)};
  }

  // The bound is in a bucket that has no upper end: all of it may be beyond.
  Remainder SplitLast(const BucketRange& bucket) const {
    if (below_) return {0, ZeroIfInfinite(bucket.lower)};
    return {bucket.count, bound_};
  }

  Remainder TrimZero(bool has_negative, bool has_positive) const {
    const BucketRange zero = ZeroRange(result_);
    const double lower = has_positive && !has_negative ? 0 : zero.lower;
    const double upper = has_negative && !has_positive ? 0 : zero.upper;
    const Remainder all{zero.count, (lower + upper) / 2};
    if (bound_ <= lower) return below_ ? Remainder() : all;
    if (bound_ >= upper) return below_ ? all : Remainder();
    if (below_) return {zero.count * (bound_ - lower) / (upper - lower), (lower + bound_) / 2};
    return {zero.count * (upper - bound_) / (upper - lower), (bound_ + upper) / 2};
  }

  NativeHistogram result_;
  const bool below_;
  const double bound_;
  bool trimmed_ = false;
  double count_ = 0;
  double sum_ = 0;
};

}  // namespace

NativeHistogram Trimmed(const NativeHistogram& h, Trim trim, double bound) {
  return Trimmer(h, trim, bound).Run();
}

}  // namespace tocsin
