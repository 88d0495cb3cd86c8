#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"

namespace tocsin::app {

// One member of Limits under its name in tocsin.yaml.
struct LimitName {
  const char* name;
  uint64_t Limits::*member;
  uint64_t least = 1;  // 0: that means no limit
};

// All of them, in the order of base/limits.h.
const std::vector<LimitName>& AllLimits();

}  // namespace tocsin::app
