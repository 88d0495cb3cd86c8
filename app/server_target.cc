#include "app/server_target.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "app/config.h"
#include "base/status_macros.h"

namespace tocsin::app {

absl::StatusOr<Secret> ReadToken(const std::string& token_file) {
  std::string token;
  if (!token_file.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(token, ConfigSources::System().secret_file(token_file));
  } else if (const char* value = std::getenv("TOCSIN_TOKEN"); value != nullptr) {
    token = value;
  }
  absl::StripAsciiWhitespace(&token);
  const bool visible = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!visible) {
    return absl::InvalidArgumentError(
        absl::StrCat(token_file.empty() ? "TOCSIN_TOKEN" : token_file, " is not one token"));
  }
  return Secret(std::move(token));
}

}  // namespace tocsin::app
