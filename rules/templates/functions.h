#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/templates/value.h"

namespace tocsin::templates {

// A function of templates. `call` gets at least args_min and at most args_max arguments.
struct Function {
  const char* name;
  size_t args_min;
  size_t args_max;
  absl::StatusOr<Value> (*call)(const TemplateData& data, const std::vector<Value>& args);
};

inline constexpr size_t kAnyNumber = 1000;

// `and` and `or` are evaluated by the executor, which stops at the first argument that decides.
inline constexpr char kAnd[] = "and";
inline constexpr char kOr[] = "or";

// Null if there is no such function. Static storage.
const Function* FindFunction(absl::string_view name);

// The tables behind it: Go's own functions, Prometheus' for texts, for numbers and times, and for
// query results.
const std::vector<Function>& GoFunctions();
const std::vector<Function>& TextFunctions();
const std::vector<Function>& NumberFunctions();
const std::vector<Function>& QueryFunctions();

// The argument as text, or an error in Go's words.
absl::StatusOr<std::string> TextArgument(const Value& value);

}  // namespace tocsin::templates
