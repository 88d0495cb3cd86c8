#pragma once

#include <algorithm>
#include <cmath>

namespace tocsin::anomaly {

// All that a quantity has been within memory: an interval that grows with what lies outside it and
// otherwise shrinks towards where the quantity mostly is, so that an extreme is half forgotten
// after a half-life. Plain data.
struct Envelope {
  float low;
  float high;
  float middle;

  float width() const { return high - low; }

  bool Contains(float x) const { return x > low && x < high; }

  void Start(float x) { low = high = middle = x; }

  // How far x is outside, in widths; at least `floor` counts as the width. Negative inside.
  float Excess(float x, float floor) const {
    return std::max(x - high, low - x) / std::max(width(), floor);
  }
  float ExcessAbove(float x, float floor) const { return (x - high) / std::max(width(), floor); }

  // Forgets the share `decay`, while the middle follows x at twice that.
  void Shrink(float x, float decay) {
    middle += 2 * decay * (std::clamp(x, low, high) - middle);
    high -= decay * (high - middle);
    low -= decay * (low - middle);
  }

  void Cover(float least, float most) {
    high = std::max(high, most);
    low = std::min(low, least);
  }

  // Takes in part of what is outside: so many widths, or that share if it is more.
  void Approach(float least, float most, float widths, float share) {
    const float step = widths * width();
    const float above = most - high;
    const float below = low - least;
    if (above > 0) high += std::min(above, std::max(step, share * above));
    if (below > 0) low -= std::min(below, std::max(step, share * below));
  }

  void Limit(float bound) {
    low = std::max(low, -bound);
    high = std::min(high, bound);
    middle = std::clamp(middle, low, high);
  }
};

// The least and the most of some points; nothing if least > most. Plain data.
struct Extremes {
  float least;
  float most;

  void Clear() {
    least = HUGE_VALF;
    most = -HUGE_VALF;
  }
  bool empty() const { return least > most; }
  void Add(float x) {
    least = std::min(least, x);
    most = std::max(most, x);
  }
};

// An envelope that learns late: points are gathered in blocks, and a block is taken in when the
// next one is full. Cleared when an incident opens, so that a fault is not learned as it begins.
struct LaggedEnvelope {
  Envelope envelope;
  Extremes filling;
  Extremes waiting;
  float filling_outside;  // points of the block that were outside
  float waiting_outside;

  void Forget() {
    filling.Clear();
    waiting.Clear();
    filling_outside = waiting_outside = 0;
  }
  void Start(float x) {
    envelope.Start(x);
    Forget();
  }
  void Add(float x) {
    if (x > envelope.high || x < envelope.low) filling_outside += 1;
    filling.Add(x);
  }
  // The gathered block is full: it waits from now on.
  void Turn() {
    waiting = filling;
    waiting_outside = filling_outside;
    filling.Clear();
    filling_outside = 0;
  }
};

}  // namespace tocsin::anomaly
