#pragma once

#include <algorithm>

namespace tocsin::anomaly {

// All that a quantity has been within memory: an interval that grows with what lies outside it and
// otherwise shrinks towards where the quantity mostly is, so that an extreme is half forgotten
// after a half-life. Plain data.
struct Envelope {
  float low = 0;
  float high = 0;
  float middle = 0;

  float width() const { return high - low; }

  void Start(float x) { low = high = middle = x; }

  // Shrinks by the share `decay` and lets the middle follow x at twice that.
  void Shrink(float x, float decay) {
    const float inside = std::clamp(x, low, high);
    middle += 2 * decay * (inside - middle);
    high -= decay * (high - middle);
    low -= decay * (low - middle);
  }

  // Takes in what is outside, by at most `growth` widths.
  void Grow(float least, float most, float growth) {
    const float step = width() > 0 ? growth * width() : 1e30F;
    if (most > high) high = std::min(most, high + step);
    if (least < low) low = std::max(least, low - step);
  }

  void Cover(float least, float most) {
    high = std::max(high, most);
    low = std::min(low, least);
  }
};

}  // namespace tocsin::anomaly
