#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tocsin::http {

// Parameters of a query string or an application/x-www-form-urlencoded body, decoded, in the order
// sent.
class Form {
 public:
  // Appends the pairs of `encoded` ("a=1&b=x%20y"). False, appending nothing, on a bad percent
  // escape.
  bool Add(absl::string_view encoded);

  // The first value; "" if absent.
  const std::string& Get(absl::string_view name) const;
  bool Has(absl::string_view name) const;
  std::vector<std::string> All(absl::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// Decodes %XX; and '+' to a space if `plus_is_space`. False on a bad escape.
bool PercentDecode(absl::string_view text, bool plus_is_space, std::string* out);
// Encodes all but unreserved characters.
std::string PercentEncode(absl::string_view text);

}  // namespace tocsin::http
