#include "rules/templates/functions.h"

#include "absl/strings/str_cat.h"

namespace tocsin::templates {

const Function* FindFunction(absl::string_view name) {
  for (const auto* table :
       {&GoFunctions(), &TextFunctions(), &NumberFunctions(), &QueryFunctions()}) {
    for (const Function& function : *table) {
      if (name == function.name) return &function;
    }
  }
  return nullptr;
}

absl::StatusOr<std::string> TextArgument(const Value& value) {
  if (const auto* text = value.As<std::string>()) return *text;
  return absl::InvalidArgumentError(
      absl::StrCat("wrong type for value; expected string; got ", TypeName(value)));
}

}  // namespace tocsin::templates
