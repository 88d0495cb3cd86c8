#pragma once

#include <cmath>

namespace tocsin {

// A compensated sum (Kahan with Neumaier's improvement), step by step as Prometheus computes it, so
// that results agree bit for bit. An overflowing sum forgets its compensation.
struct KahanSum {
  double sum = 0;
  double rest = 0;

  void Add(double value) {
    const double total = sum + value;
    if (std::isinf(total)) {
      rest = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      rest += (sum - total) + value;
    } else {
      rest += (value - total) + sum;
    }
    sum = total;
  }
};

// A mean: of the sum while that is finite, incremental from where it would overflow.
class KahanMean {
 public:
  explicit KahanMean(double first = 0) : total_{first, 0} {}

  void Add(double value) {
    count_ += 1;
    if (!incremental_) {
      KahanSum next = total_;
      next.Add(value);
      if (!std::isinf(next.sum)) {
        total_ = next;
        return;
      }
      incremental_ = true;
      total_.sum /= count_ - 1;  // from here on the mean
      total_.rest /= count_ - 1;
    }
    const double keep = (count_ - 1) / count_;
    total_ = {keep * total_.sum, keep * total_.rest};
    total_.Add(value / count_);
  }

  double Get() const {
    if (incremental_) return total_.sum + total_.rest;
    return total_.sum / count_ + total_.rest / count_;
  }

 private:
  KahanSum total_;
  double count_ = 1;
  bool incremental_ = false;
};

}  // namespace tocsin
