#pragma once

#include <cmath>

namespace tocsin::engine {

// A number as the unevaluated sum of two doubles, about 106 bits: sums that samples are added to
// and taken from again, for as long as a window slides, without drifting. Algorithms of Dekker and
// Knuth ("two-sum", "two-product").
struct DoubleDouble {
  double hi = 0;
  double lo = 0;

  double Get() const { return hi + lo; }

  void Add(double value) {
    const double sum = hi + value;
    const double part = sum - hi;
    lo += (hi - (sum - part)) + (value - part);
    hi = sum + lo;
    lo = lo - (hi - sum);
  }
  // a * b, without rounding the product.
  void AddProduct(double a, double b) {
    const double product = a * b;
    Add(product);
    Add(std::fma(a, b, -product));
  }

  friend DoubleDouble operator-(DoubleDouble a, const DoubleDouble& b) {
    a.Add(-b.hi);
    a.Add(-b.lo);
    return a;
  }
  friend DoubleDouble operator*(const DoubleDouble& a, const DoubleDouble& b) {
    DoubleDouble product;
    product.AddProduct(a.hi, b.hi);
    product.Add(a.hi * b.lo);
    product.Add(a.lo * b.hi);
    return product;
  }
};

}  // namespace tocsin::engine
