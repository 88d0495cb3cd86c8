#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/promql/ast.h"

namespace tocsin::promql {

// A PromQL function's signature, as in Prometheus 3.x.
struct Function {
  const char* name;
  std::vector<ValueType> args;  // types of the arguments
  // Arguments that may be left out at the end; -1: the last argument may repeat any number of times
  // (also 0).
  int optional_args = 0;
  ValueType result = ValueType::kVector;
  bool experimental = false;  // behind Prometheus' feature flag
};

// Null if there is no such function. Static storage.
const Function* FindFunction(absl::string_view name);

// All functions, by name: for hints ("did you mean ...") and documentation.
const std::vector<Function>& AllFunctions();

}  // namespace tocsin::promql
