#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "integrations/access/digest.h"
#include "integrations/http/http_message.h"

namespace tocsin::datadog {

// The keys that senders may use; none: any, also no key at all. Keeps hashes only, and compares
// with each of them in the same time.
//
// Thread: immutable, any.
class ApiKeys {
 public:
  explicit ApiKeys(const std::vector<Secret>& keys);
  bool Accepts(absl::string_view key) const;

 private:
  std::vector<access::Digest> digests_;
};

// Below this path old senders of logs put their key, so what follows it is shown to nobody.
inline constexpr char kLogInputPath[] = "/v1/input/";

// The key a request carries: header DD-Api-Key, the parameter `api_key` or `dd-api-key`, or what
// follows kLogInputPath; "" if there is none.
Secret ApiKeyOf(const http::HttpRequest& request);

}  // namespace tocsin::datadog
