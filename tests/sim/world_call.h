#pragma once

#include "tests/sim/world.h"

namespace tocsin::simulation {

template <typename Fn>
bool World::Call(const char* what, Fn&& fn) {
  if (DieBefore(what)) return false;
  Arm();
  fn();
  return !DiedIn(what);
}

}  // namespace tocsin::simulation
