#pragma once

#include <string>

namespace tocsin::opsgenie {

// How a request names its alert; the identifier type is always sent, since without it an alias is
// taken for an id and the request is accepted without effect.
struct AlertRef {
  enum class Type { kId, kAlias };
  Type type = Type::kAlias;
  std::string value;
};

}  // namespace tocsin::opsgenie
