#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "integrations/delivery/matcher.h"

namespace tocsin::app {

// What `tocsin silence` says to the server and to people. Pure functions, any thread.

// The words of a command line; InvalidArgument if one is no matcher.
absl::StatusOr<std::vector<delivery::Matcher>> ParseMatcherWords(std::vector<std::string> words);

nlohmann::json MatcherJson(const delivery::Matcher& matcher);

// A silence of the API as a row: id, matchers, end, author, comment. Throws the library's exception
// if it is none.
std::vector<std::string> SilenceRow(const nlohmann::json& silence);

}  // namespace tocsin::app
