#include "engine/anomaly/parameters.h"

namespace tocsin::anomaly {

Parameters ParametersOf(Preset preset) {
  Parameters parameters;
  if (preset == Preset::kNotice) {
    constexpr float kEager = 0.625F;
    parameters.page_deviation *= kEager;
    parameters.page_drift *= kEager;
    parameters.page_frozen *= kEager;
  }
  return parameters;
}

}  // namespace tocsin::anomaly
