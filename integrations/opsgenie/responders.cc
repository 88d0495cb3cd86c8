#include "integrations/opsgenie/responders.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "base/labels.h"
#include "integrations/page/clamp.h"

namespace tocsin::opsgenie {
namespace {

std::optional<Responder::Type> TypeOf(const std::string& name) {
  static const auto& types =
      *new std::map<std::string, Responder::Type>{{"team", Responder::Type::kTeam},
                                                  {"user", Responder::Type::kUser},
                                                  {"escalation", Responder::Type::kEscalation},
                                                  {"schedule", Responder::Type::kSchedule}};
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

// A list of addresses, as a label may hold one, is none.
bool IsAddress(const std::string& text) {
  const size_t at = text.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == ',' || c == ';' || absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte);
  });
}

std::string Tidy(const std::string& text) {
  return page::Stripped(page::ValidUtf8(text));
}

std::vector<ResponderTemplate> OfRule(const page::DesiredPage& page) {
  std::vector<ResponderTemplate> out;
  for (const auto& one : page.options().responders()) {
    out.push_back({one.type(), one.id(), one.name(), one.username()});
  }
  return out;
}

}  // namespace

std::vector<Responder> NamedResponders(const std::vector<ResponderTemplate>& templates,
                                       const page::DesiredPage& page,
                                       const page::Expander& expander, size_t& dropped) {
  std::vector<Responder> out;
  for (const ResponderTemplate& text : templates) {
    const auto expanded = [&](const std::string& part) {
      return page::Expanded(part, page, expander);
    };
    const auto responder = ToResponder(
        {expanded(text.type), expanded(text.id), expanded(text.name), expanded(text.username)});
    const bool known = responder && std::count(out.begin(), out.end(), *responder) > 0;
    if (known) continue;
    if (!responder || out.size() == kRespondersMax)
      ++dropped;
    else
      out.push_back(*responder);
  }
  return out;
}

std::optional<Responder> ToResponder(const ResponderTemplate& expanded) {
  const auto type = TypeOf(Tidy(expanded.type));
  if (!type) return std::nullopt;
  Responder out;
  out.type = *type;
  const bool user = out.type == Responder::Type::kUser;
  const bool by_id = !Tidy(expanded.id).empty();
  std::string& text = by_id ? out.id : user ? out.username : out.name;
  text = Tidy(by_id ? expanded.id : user ? expanded.username : expanded.name);
  if (text.empty() || page::CountCodePoints(text) > kResponderTextMax) return std::nullopt;
  if (user && !by_id && !IsAddress(text)) return std::nullopt;
  return out;
}

uint64_t ResponderHash(const Responder& responder) {
  const std::string type = std::to_string(static_cast<int>(responder.type));
  return Hash64(
      absl::StrJoin({type, responder.id, responder.name, responder.username}, std::string(1, 0)));
}

std::vector<Responder> FixedResponders(const OpsgenieConfig& config) {
  std::vector<Responder> out;
  for (const ResponderTemplate& one : config.responders) {
    const std::string all = one.type + one.id + one.name + one.username;
    const auto responder = absl::StrContains(all, "{{") ? std::nullopt : ToResponder(one);
    if (responder) out.push_back(*responder);
  }
  return out;
}

std::vector<Responder> RespondersOf(const page::DesiredPage& page, const OpsgenieConfig& config,
                                    const page::Expander& expander, Clamper& clamper) {
  size_t dropped = 0;
  std::vector<Responder> out = NamedResponders(OfRule(page), page, expander, dropped);
  if (out.empty()) out = NamedResponders(config.responders, page, expander, dropped);
  clamper.Dropped("responders", dropped);
  return out;
}

}  // namespace tocsin::opsgenie
