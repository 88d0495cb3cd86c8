#include "integrations/access/scope.h"

namespace tocsin::access {

const char* ScopeName(Scope scope) {
  switch (scope) {
    case Scope::kIngest:
      return "ingest";
    case Scope::kRead:
      return "read";
    case Scope::kSilence:
      return "silence";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<Scope> ParseScope(absl::string_view name) {
  for (const Scope scope : kScopes) {
    if (name == ScopeName(scope)) return scope;
  }
  return std::nullopt;
}

}  // namespace tocsin::access
