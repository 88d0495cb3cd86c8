#include "app/commands/silence_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

using delivery::Matcher;

bool Negative(Matcher::Op op) {
  return op == Matcher::Op::kNotEqual || op == Matcher::Op::kNotMatch;
}
bool Regex(Matcher::Op op) {
  return op == Matcher::Op::kMatch || op == Matcher::Op::kNotMatch;
}

std::string MatcherText(const nlohmann::json& matcher) {
  const bool equal = matcher.value("isEqual", true);
  const bool regex = matcher.at("isRegex").get<bool>();
  return absl::StrCat(matcher.at("name").get<std::string>(), equal ? "=" : "!",
                      regex ? "~" : (equal ? "" : "="), "\"",
                      matcher.at("value").get<std::string>(), "\"");
}

}  // namespace

absl::StatusOr<std::vector<Matcher>> ParseMatcherWords(std::vector<std::string> words) {
  std::vector<Matcher> matchers;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == 0 && words[i].find_first_of("=~") == std::string::npos) {
      TOCSIN_ASSIGN_OR_RETURN(Matcher name,
                              Matcher::Make("alertname", Matcher::Op::kEqual, words[i]));
      matchers.push_back(std::move(name));
      continue;
    }
    TOCSIN_ASSIGN_OR_RETURN(std::vector<Matcher> parsed, delivery::ParseMatchers(words[i]));
    for (Matcher& matcher : parsed) matchers.push_back(std::move(matcher));
  }
  return matchers;
}

nlohmann::json MatcherJson(const Matcher& matcher) {
  return {{"name", matcher.name()},
          {"value", matcher.value()},
          {"isRegex", Regex(matcher.op())},
          {"isEqual", !Negative(matcher.op())}};
}

std::vector<std::string> SilenceRow(const nlohmann::json& silence) {
  std::vector<std::string> matchers;
  for (const auto& matcher : silence.at("matchers")) matchers.push_back(MatcherText(matcher));
  return {silence.at("id").get<std::string>(), absl::StrJoin(matchers, " "),
          silence.at("endsAt").get<std::string>(), silence.at("createdBy").get<std::string>(),
          silence.at("comment").get<std::string>()};
}

}  // namespace tocsin::app
