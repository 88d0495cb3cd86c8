#pragma once

namespace tocsin::app {

inline constexpr char kVersion[] = TOCSIN_VERSION;

}  // namespace tocsin::app
