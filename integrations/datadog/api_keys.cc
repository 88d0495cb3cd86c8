#include "integrations/datadog/api_keys.h"

#include "base/labels.h"
#include "integrations/http/form.h"

namespace tocsin::datadog {

ApiKeys::ApiKeys(const std::vector<Secret>& keys) {
  for (const Secret& key : keys) hashes_.push_back(Fingerprint128(key.Reveal()));
}

bool ApiKeys::Accepts(absl::string_view key) const {
  const absl::uint128 given = Fingerprint128(key);
  unsigned found = hashes_.empty() ? 1 : 0;
  for (const absl::uint128 hash : hashes_) {
    const absl::uint128 difference = hash ^ given;
    const uint64_t bits = absl::Uint128High64(difference) | absl::Uint128Low64(difference);
    // 1 if no bit differs, without a branch.
    found |= static_cast<unsigned>(1 ^ ((bits | (0 - bits)) >> 63));
  }
  return found != 0;
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
