#include "integrations/http/alert_filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::http {
namespace {

using delivery::Matcher;

constexpr char kReceiver[] = "receiver";

absl::StatusOr<bool> ReadFlag(const Form& parameters, const char* name) {
  if (!parameters.Has(name)) return true;
  const std::string& text = parameters.Get(name);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return absl::InvalidArgumentError(
      absl::StrCat("parameter ", name, " must be true or false: \"", text, "\""));
}

}  // namespace

absl::StatusOr<std::vector<Matcher>> ReadMatchers(const Form& parameters) {
  std::vector<Matcher> all;
  for (const std::string& text : parameters.All("filter")) {
    TOCSIN_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, delivery::ParseMatchers(text));
    for (Matcher& matcher : matchers) all.push_back(std::move(matcher));
  }
  return all;
}

bool HasMatchers(const routing::Silence& silence, const std::vector<Matcher>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Matcher& want) {
    return std::any_of(silence.matchers.begin(), silence.matchers.end(),
                       [&](const Matcher& matcher) {
                         return matcher.name() == want.name() && matcher.op() == want.op() &&
                                matcher.value() == want.value();
                       });
  });
}

absl::StatusOr<AlertFilter> AlertFilter::Read(const Form& parameters) {
  AlertFilter filter;
  TOCSIN_ASSIGN_OR_RETURN(filter.matchers_, ReadMatchers(parameters));
  if (parameters.Has(kReceiver)) {
    auto receiver = Matcher::Make(kReceiver, Matcher::Op::kMatch, parameters.Get(kReceiver));
    if (!receiver.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("failed to parse receiver param: ",
                                                     std::string(receiver.status().message())));
    }
    filter.receiver_ = *std::move(receiver);
  }
  TOCSIN_ASSIGN_OR_RETURN(filter.active_, ReadFlag(parameters, "active"));
  TOCSIN_ASSIGN_OR_RETURN(filter.silenced_, ReadFlag(parameters, "silenced"));
  TOCSIN_ASSIGN_OR_RETURN(filter.inhibited_, ReadFlag(parameters, "inhibited"));
  TOCSIN_RETURN_IF_ERROR(ReadFlag(parameters, "unprocessed").status());
  return filter;
}

bool AlertFilter::WantsReceiver(const std::string& name) const {
  return !receiver_ || receiver_->Matches(Labels({{kReceiver, name}}));
}

bool AlertFilter::Wants(const ActiveAlert& alert) const {
  const bool silenced = !alert.silenced_by.empty();
  const bool inhibited = !alert.inhibited_by.empty();
  if (!active_ && !silenced && !inhibited) return false;
  if ((!silenced_ && silenced) || (!inhibited_ && inhibited)) return false;
  if (receiver_ && std::none_of(alert.receivers.begin(), alert.receivers.end(),
                                [&](const std::string& name) { return WantsReceiver(name); })) {
    return false;
  }
  return std::all_of(matchers_.begin(), matchers_.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(alert.labels); });
}

}  // namespace tocsin::http
