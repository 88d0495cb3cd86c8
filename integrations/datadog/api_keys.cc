#include "integrations/datadog/api_keys.h"

#include "integrations/http/form.h"

namespace tocsin::datadog {

ApiKeys::ApiKeys(const std::vector<Secret>& keys) {
  for (const Secret& key : keys) digests_.push_back(access::DigestOf(key.Reveal()));
}

// Looks at all of them, so that time does not tell which came close.
bool ApiKeys::Accepts(absl::string_view key) const {
  const access::Digest given = access::DigestOf(key);
  bool found = digests_.empty();
  for (const access::Digest& digest : digests_) found |= access::SameDigest(digest, given);
  return found;
}

Secret ApiKeyOf(const http::HttpRequest& request) {
  const absl::string_view header = request.Header("DD-Api-Key");
  if (!header.empty()) return Secret(std::string(header));
  http::Form form;
  if (!form.Add(request.query)) return Secret();
  const std::string& key = form.Get("api_key");
  return Secret(key.empty() ? form.Get("dd-api-key") : key);
}

}  // namespace tocsin::datadog
