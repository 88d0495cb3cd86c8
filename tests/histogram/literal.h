#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/native_histogram.h"
#include "rules/notation_histogram.h"

namespace tocsin::engine {

// The histogram in the notation of test scripts.
inline NativeHistogram H(const std::string& text) {
  absl::string_view rest = text;
  const auto literal = notation::TakeHistogram(&rest);
  EXPECT_TRUE(literal.ok() && rest.empty()) << text << ": " << literal.status();
  return literal.ok() ? *literal->histogram : NativeHistogram();
}

}  // namespace tocsin::engine
