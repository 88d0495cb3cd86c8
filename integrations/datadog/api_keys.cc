#include "integrations/datadog/api_keys.h"

#include "absl/strings/strip.h"
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

namespace {

std::string KeyInPath(absl::string_view path) {
  absl::ConsumePrefix(&path, "/datadog");
  if (!absl::ConsumePrefix(&path, kLogInputPath)) return "";
  std::string key;
  return http::PercentDecode(path, false, &key) ? key : "";
}

}  // namespace

Secret ApiKeyOf(const http::HttpRequest& request) {
  const absl::string_view header = request.Header("DD-Api-Key");
  if (!header.empty()) return Secret(std::string(header));
  http::Form form;
  if (!form.Add(request.query)) return Secret();
  for (const char* name : {"api_key", "dd-api-key"}) {
    if (const std::string& key = form.Get(name); !key.empty()) return Secret(key);
  }
  return Secret(KeyInPath(request.path));
}

}  // namespace tocsin::datadog
