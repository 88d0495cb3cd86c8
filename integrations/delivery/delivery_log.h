#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "integrations/delivery/target.h"

namespace tocsin::delivery {

// What delivery has to say. Lines are collected under its lock and written without it.
struct DeliveryLine {
  LogLevel level = LogLevel::kInfo;
  const char* event = "page delivery";
  std::string alias, receiver, action, outcome, error;
};

// One request's outcome, at the level that it deserves.
DeliveryLine OutcomeLine(const std::string& alias, const std::string& receiver, Action action,
                         const Effect& effect);

void WriteLines(const std::vector<DeliveryLine>& lines);

}  // namespace tocsin::delivery
