#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::access {

// SHA-256. Of a token only this is kept: tokens are long and random, so nothing slower is needed.
using Digest = std::array<uint8_t, 32>;

Digest DigestOf(absl::string_view text);

// 64 hexadecimal digits of either case; nullopt: something else.
std::optional<Digest> ParseDigest(absl::string_view hex);
std::string PrintDigest(const Digest& digest);

// Takes as long wherever they differ.
bool SameDigest(const Digest& a, const Digest& b);

}  // namespace tocsin::access
