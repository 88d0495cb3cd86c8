#include "integrations/http/http_message.h"

#include "absl/strings/match.h"

namespace tocsin::http {

absl::string_view HttpRequest::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

}  // namespace tocsin::http
