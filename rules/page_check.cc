#include "rules/page_check.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "rules/templates/template.h"

namespace tocsin::rules {
namespace {

using templates::Template;

constexpr size_t kResponderBytesMax = 512;  // of a name that is no template

bool OneOf(absl::string_view word, std::initializer_list<absl::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whatever the labels are, these stay wrong.
bool FailsAlways(absl::string_view error) {
  for (const char* sign : {"can't evaluate field", "wrong number of args", "can't give argument",
                           "error calling query"}) {
    if (absl::StrContains(error, sign)) return true;
  }
  return false;
}

PageTemplateFault Fault(std::string message, bool certain) {
  return {std::move(message),
          certain ? ".Labels.NAME is a label of the page, .Value its value, .Evidence its evidence"
                  : "where it fails, the field is left out",
          certain};
}

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

bool IsAddress(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const size_t at = text.find('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != absl::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == ',' || c == ';' || absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte);
  });
}

// Of a user, who is not named as others are.
std::optional<PageFault> CheckUser(const PageResponder& user) {
  if (!IsBlank(user.name)) {
    return PageFault{"a user has no name", "use username, which is an e-mail address, or id"};
  }
  if (IsBlank(user.username) || IsTemplate(user.username)) return std::nullopt;
  if (IsAddress(user.username)) return std::nullopt;
  return PageFault{"the username of a user must be an e-mail address", ""};
}

}  // namespace

bool IsTemplate(absl::string_view text) {
  return absl::StrContains(text, "{{");
}

bool IsPriority(absl::string_view text) {
  return OneOf(text, {"P1", "P2", "P3", "P4", "P5"});
}

std::optional<PageFault> CheckResponderType(const PageResponder& responder) {
  if (IsTemplate(responder.type)) return std::nullopt;
  if (OneOf(responder.type, {"team", "user", "escalation", "schedule"})) return std::nullopt;
  return PageFault{"type must be team, user, escalation or schedule", ""};
}

std::optional<PageFault> CheckResponderName(const PageResponder& responder) {
  int named = 0, fixed = 0;
  for (const std::string* text : {&responder.id, &responder.name, &responder.username}) {
    named += !IsBlank(*text);
    fixed += !IsBlank(*text) && !IsTemplate(*text);
    if (!IsTemplate(*text) && text->size() > kResponderBytesMax) {
      return PageFault{
          absl::StrCat("a responder's name has more than ", kResponderBytesMax, " bytes"), ""};
    }
  }
  if (named == 0 || fixed > 1) {
    return PageFault{"a responder needs exactly one of id, name and username", ""};
  }
  if (IsTemplate(responder.type)) return std::nullopt;
  if (responder.type == "user") return CheckUser(responder);
  if (IsBlank(responder.username)) return std::nullopt;
  return PageFault{"only a user has a username", "use name or id"};
}

std::optional<PageFault> CheckDetailKey(absl::string_view key) {
  if (IsBlank(key)) return PageFault{"a detail needs a name", ""};
  if (!OneOf(key, {"value", "condition", "since", "episode", "cut"})) return std::nullopt;
  return PageFault{absl::StrCat("detail \"", key, "\" cannot be set"),
                   "every page has a detail of this name already"};
}

std::optional<PageTemplateFault> CheckPageTemplate(const std::string& text) {
  if (!IsTemplate(text)) return std::nullopt;
  const auto compiled = Template::Parse(text);
  if (!compiled.ok()) return Fault(std::string(compiled.status().message()), true);
  const Labels labels = {{"alertname", "Example"}, {"severity", "critical"}};
  const Labels external_labels;
  templates::TemplateData data;
  data.labels = &labels;
  data.external_labels = &external_labels;
  data.value = 1;
  const templates::Evidence evidence;
  data.evidence = &evidence;
  data.now = Timestamp::FromMillis(1'000'000'000'000);
  const auto expanded = (*compiled)->Expand(data);
  if (expanded.ok()) return std::nullopt;
  const std::string error(expanded.status().message());
  return Fault(error, FailsAlways(error));
}

}  // namespace tocsin::rules
