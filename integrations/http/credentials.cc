#include "integrations/http/credentials.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tocsin::http_client {
namespace {

std::string Basic(const Credentials& credentials) {
  return absl::Base64Escape(absl::StrCat(credentials.username, ":", credentials.password.Reveal()));
}

}  // namespace

void Authorize(const Credentials& credentials, HttpRequest& request) {
  if (!credentials.credentials.empty()) {
    request.headers.push_back(
        {"Authorization", absl::StrCat(credentials.type, " ", credentials.credentials.Reveal())});
  } else if (!credentials.username.empty()) {
    request.headers.push_back({"Authorization", absl::StrCat("Basic ", Basic(credentials))});
  }
}

std::vector<std::string> SecretsOf(const Credentials& credentials) {
  std::vector<std::string> out;
  if (!credentials.credentials.empty()) out.push_back(credentials.credentials.Reveal());
  if (!credentials.password.empty()) {
    out.push_back(credentials.password.Reveal());
    out.push_back(Basic(credentials));
  }
  return out;
}

}  // namespace tocsin::http_client
