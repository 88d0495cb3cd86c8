#pragma once

#include <string>

#include "base/labels.h"

namespace tocsin::routing {

// Alertmanager's name of an alert: FNV-1a, 64 bits, over each label's name and value, each followed
// by the byte 255; 16 hexadecimal digits.
std::string AlertFingerprint(const Labels& labels);

}  // namespace tocsin::routing
