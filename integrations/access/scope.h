#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::access {

// What somebody may do.
enum class Scope : uint8_t {
  kIngest,   // send samples and logs
  kRead,     // ask: queries, rules, alerts, silences, metrics
  kSilence,  // add and expire silences
  kAdmin,    // reload, back up, give feedback; and all of the above
};
inline constexpr Scope kScopes[] = {Scope::kIngest, Scope::kRead, Scope::kSilence, Scope::kAdmin};

const char* ScopeName(Scope scope);  // "ingest"
std::optional<Scope> ParseScope(absl::string_view name);

class Scopes {
 public:
  void Add(Scope scope) { bits_ = static_cast<uint8_t>(bits_ | Bit(scope)); }
  bool Has(Scope scope) const { return (bits_ & (Bit(scope) | Bit(Scope::kAdmin))) != 0; }
  bool Names(Scope scope) const { return (bits_ & Bit(scope)) != 0; }
  bool empty() const { return bits_ == 0; }
  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  static uint8_t Bit(Scope scope) {
    return static_cast<uint8_t>(1U << static_cast<uint8_t>(scope));
  }
  uint8_t bits_ = 0;
};

}  // namespace tocsin::access
