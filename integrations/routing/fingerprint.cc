#include "integrations/routing/fingerprint.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace tocsin::routing {
namespace {

constexpr uint64_t kOffset = 14695981039346656037u;
constexpr uint64_t kPrime = 1099511628211u;
constexpr unsigned char kSeparator = 255;

void Add(uint64_t& hash, absl::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  hash = (hash ^ kSeparator) * kPrime;
}

}  // namespace

std::string AlertFingerprint(const Labels& labels) {
  uint64_t hash = kOffset;
  for (const LabelView& label : labels) {
    Add(hash, label.name);
    Add(hash, label.value);
  }
  return absl::StrFormat("%016x", hash);
}

}  // namespace tocsin::routing
