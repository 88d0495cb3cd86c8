#pragma once

#include <string>

#include "absl/strings/string_view.h"

// Upper and lower case of UTF-8 texts, for the alphabets with simple pairs: Latin (basic, Latin-1
// and Extended-A), Greek without accents, Cyrillic. Other letters stay as they are.
namespace tocsin::templates {

std::string UpperCase(absl::string_view text);
std::string LowerCase(absl::string_view text);
// strings.Title: each letter at the start of a word becomes upper case.
std::string TitleCase(absl::string_view text);

}  // namespace tocsin::templates
