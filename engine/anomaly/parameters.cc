#include "engine/anomaly/parameters.h"

namespace tocsin::anomaly {

namespace {

float Decay(float half_life) {
  return 0.69314718F / half_life;
}

}  // namespace

Constants::Constants(const Parameters& parameters)
    : Parameters(parameters),
      range_decay(Decay(range_half_life)),
      level_decay(Decay(level_half_life)),
      density_decay(Decay(density_half_life)),
      short_decay(Decay(short_half_life)),
      accepted_decay(Decay(accepted_half_life)) {}

Parameters ParametersOf(Preset preset) {
  Parameters parameters;
  if (preset == Preset::kNotice) {
    constexpr float kEager = 0.625F;
    parameters.page_deviation *= kEager;
    parameters.page_drift *= kEager;
    parameters.page_change *= kEager;
    parameters.page_frozen *= kEager;
  }
  return parameters;
}

}  // namespace tocsin::anomaly
