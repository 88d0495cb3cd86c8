#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "integrations/http/http_client.h"

namespace tocsin::http_client {

// How a receiver's server knows us: the `http_config` of Alertmanager's receivers. At most one of
// the two is set.
struct Credentials {
  std::string type = "Bearer";  // of `credentials`
  Secret credentials;
  std::string username;  // with `password`: basic authentication
  Secret password;

  bool empty() const { return credentials.empty() && username.empty(); }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// Adds the Authorization header, if there are any.
void Authorize(const Credentials& credentials, HttpRequest& request);

// What must not be repeated: the secrets in every form in which they are sent.
std::vector<std::string> SecretsOf(const Credentials& credentials);

}  // namespace tocsin::http_client
