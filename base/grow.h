#pragma once

#include <cstddef>

namespace tocsin {

// Makes room for `size` elements: an eighth more than before at least, where a vector by itself
// would double. For arrays with an element per series, of which there may be millions.
template <typename Vector>
void ReserveGently(Vector& vector, size_t size) {
  const size_t capacity = vector.capacity();
  if (size > capacity)
    vector.reserve(size > capacity + capacity / 8 ? size : capacity + capacity / 8);
}

}  // namespace tocsin
