#pragma once

#include <cstddef>

// The escapes of Go's string literals, without their backslash.
namespace tocsin::promql {

// 16: no digit.
int DigitValue(char c);

// `\x41` and the like: how many digits of which base follow the letter, and the largest value.
struct NumericEscape {
  size_t digits = 0;
  unsigned base = 0;
  unsigned max = 0;
};

// No digits: the letter begins no such escape.
NumericEscape NumericEscapeOf(char c);

// What `\n` and the like stand for; 0 if there is none. Quotes depend on the string and are not
// included.
char PlainEscape(char c);

}  // namespace tocsin::promql
