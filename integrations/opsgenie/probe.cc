#include "integrations/opsgenie/probe.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/opsgenie/heartbeat.h"
#include "integrations/opsgenie/judgement.h"
#include "integrations/opsgenie/request.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;
using Level = ProbeFinding::Level;

// No alert has it: aliases of ours begin with something else, and closing what is not there is
// accepted without effect.
constexpr char kNoAlias[] = "tocsin-probe-no-such-alert";
constexpr char kUsHost[] = "https://api.opsgenie.com";
constexpr char kEuHost[] = "https://api.eu.opsgenie.com";
constexpr char kAtlassianHost[] = "https://api.atlassian.com";

// OpsGenie's words for it, however its kind is called.
bool IsManagementKey(const HttpResponse& answer) {
  const Json body = ParseObject(answer.body);
  return answer.status == 403 && Number(body, "code") == 40301 &&
         absl::StrContains(Text(body, "message"), "API integration");
}

// "team \"payments\""
std::string NameOf(const Responder& responder) {
  const std::string& name = !responder.id.empty()         ? responder.id
                            : !responder.username.empty() ? responder.username
                                                          : responder.name;
  return absl::StrCat(ResponderTypeName(responder.type), " \"", name, "\"");
}

HttpRequest GetResponder(const OpsgenieConfig& config, const Responder& responder) {
  static constexpr const char* kPaths[] = {"teams", "users", "escalations", "schedules"};
  const bool user = responder.type == Responder::Type::kUser;
  const bool id = !responder.id.empty();
  const std::string& name = id ? responder.id : user ? responder.username : responder.name;
  const char* how = user ? "" : id ? "?identifierType=id" : "?identifierType=name";
  return KeyRequest(config, "GET",
                    absl::StrCat("/v2/", kPaths[static_cast<int>(responder.type)], "/",
                                 PercentEncode(name), how));
}

}  // namespace

Probe::Probe(OpsgenieConfig config, std::string heartbeat)
    : config_(std::move(config)),
      heartbeat_(std::move(heartbeat)),
      responders_(FixedResponders(config_)),
      steps_{{Step::Kind::kKey}} {}

std::optional<HttpRequest> Probe::Next() const {
  if (next_ == steps_.size()) return std::nullopt;
  const Step& step = steps_[next_];
  switch (step.kind) {
    case Step::Kind::kKey:
      return CloseAlert(config_, {AlertRef::Type::kAlias, kNoAlias}, "");
    case Step::Kind::kTeamKey:
      return KeyRequest(config_, "GET", "/v2/account");
    case Step::Kind::kResponder:
      return GetResponder(config_, responders_[step.responder]);
    case Step::Kind::kHeartbeat:
      return GetHeartbeat(config_, heartbeat_);
  }
  return std::nullopt;
}

void Probe::Take(const absl::StatusOr<HttpResponse>& answer) {
  const Step step = steps_[next_++];
  const auto give_up = [this](const char* code, const std::string& why) {
    next_ = steps_.size();
    Report(Level::kWarning, code,
           absl::StrCat(config_.api_url, " could not be asked whether pages will pass: ", why));
  };
  if (!answer.ok()) return give_up("unreachable", std::string(answer.status().message()));
  const Judgement judgement = Judge(*answer);
  if (judgement.verdict == Verdict::kThrottled || judgement.verdict == Verdict::kRetryLater) {
    return give_up("no_answer", judgement.error);
  }
  switch (step.kind) {
    case Step::Kind::kKey:
      return TakeKey(*answer);
    case Step::Kind::kTeamKey:
      return TakeTeamKey(*answer);
    case Step::Kind::kResponder:
      return TakeResponder(*answer, responders_[step.responder]);
    case Step::Kind::kHeartbeat:
      return TakeHeartbeat(*answer);
  }
}

void Probe::TakeKey(const HttpResponse& answer) {
  const Judgement judgement = JudgeWrite(answer);
  if (judgement.verdict == Verdict::kAccepted) return PlanTheRest();
  if (answer.status == 401) return Unauthorized();
  if (IsManagementKey(answer)) {
    return Report(Level::kError, "wrong_key_kind",
                  "this is an API management key, which may not page; use the key of an API "
                  "integration (Teams > your team > Integrations > API)");
  }
  if (judgement.verdict == Verdict::kUnauthorized && answer.status == 422) {
    return Report(Level::kError, "wrong_key",
                  "the key is ill-formed: OpsGenie's keys look like "
                  "01234567-89ab-cdef-0123-456789abcdef");
  }
  if (answer.status == 404 || answer.status == 405 || judgement.verdict == Verdict::kUnauthorized) {
    return WrongPlace(answer.status);
  }
  const char* code = answer.status == 403 ? "restricted_key" : "wrong_url";
  Report(Level::kError, code,
         absl::StrCat("the key may not close alerts, so probably not open them either: ",
                      judgement.error));
}

void Probe::PlanTheRest() {
  if (config_.profile == Profile::kJsm) return;
  if (!config_.responders.empty()) steps_.push_back({Step::Kind::kTeamKey});
  for (size_t i = 0; i < responders_.size(); ++i) {
    steps_.push_back({Step::Kind::kResponder, i});
  }
  if (!heartbeat_.empty()) steps_.push_back({Step::Kind::kHeartbeat});
}

void Probe::Unauthorized() {
  const std::string base = BaseUrl(config_);
  std::string text = absl::StrCat(config_.api_url, " does not know the key (401). ");
  if (config_.profile == Profile::kJsm) {
    absl::StrAppend(&text, "It must be the key of an API integration in Jira Service Management ",
                    "that is turned on; OpsGenie's keys and API tokens do not work here");
  } else {
    const bool us = absl::StartsWith(base, kUsHost);
    const bool eu = absl::StartsWith(base, kEuHost);
    absl::StrAppend(&text, "Either its integration is turned off or the key was replaced");
    if (us || eu) {
      absl::StrAppend(&text,
                      ", or the account is in the other region (api_url: ", us ? kEuHost : kUsHost,
                      "), or it is a key of Jira Service Management ",
                      "(profile: jsm, api_url: ", kAtlassianHost, ")");
    }
  }
  Report(Level::kError, "wrong_key", text);
}

void Probe::WrongPlace(int status) {
  const std::string base = BaseUrl(config_);
  const bool jsm = config_.profile == Profile::kJsm;
  if (jsm && absl::StrContains(base, "opsgenie.com")) {
    return Report(Level::kError, "wrong_profile",
                  absl::StrCat("api_url is OpsGenie's, but profile is jsm (", status,
                               "): use profile: opsgenie, or api_url: ", kAtlassianHost));
  }
  if (!jsm && absl::StartsWith(base, kAtlassianHost)) {
    return Report(Level::kError, "wrong_profile",
                  absl::StrCat("api_url is Jira Service Management's, but profile is opsgenie (",
                               status, "): use profile: jsm"));
  }
  Report(Level::kError, "wrong_url",
         absl::StrCat("there is no alert API at ", base, " (", status,
                      "): api_url is the host alone, as ", kUsHost));
}

void Probe::TakeTeamKey(const HttpResponse& answer) {
  if (answer.status != 403) return;
  Report(
      Level::kWarning, "responders_ignored",
      "the key may not read the account, as that of a team's integration: OpsGenie then notifies "
      "that team and ignores responders; leave them out, or use the key of an integration "
      "without a team");
}

void Probe::TakeResponder(const HttpResponse& answer, const Responder& responder) {
  const Verdict verdict = Judge(answer).verdict;
  if (verdict == Verdict::kAccepted) return;
  if (verdict == Verdict::kNotFound) {
    return Report(Level::kError, "no_such_responder",
                  absl::StrCat("there is no ", NameOf(responder),
                               ": OpsGenie accepts pages for it and notifies nobody"));
  }
  Report(Level::kWarning, "responder_unchecked",
         absl::StrCat("the key may not ask whether there is a ", NameOf(responder), ": ",
                      Judge(answer).error));
}

void Probe::TakeHeartbeat(const HttpResponse& answer) {
  const Judgement judgement = Judge(answer);
  if (judgement.verdict == Verdict::kNotFound) {
    return Report(Level::kError, "no_such_heartbeat",
                  absl::StrCat("there is no heartbeat \"", heartbeat_,
                               "\": OpsGenie accepts pings for it and watches nothing"));
  }
  const auto heartbeat = ParseHeartbeat(answer);
  if (judgement.verdict != Verdict::kAccepted || !heartbeat) {
    return Report(Level::kWarning, "heartbeat_unchecked",
                  absl::StrCat("the key may not ask whether there is a heartbeat \"", heartbeat_,
                               "\": ", judgement.error));
  }
  if (!heartbeat->enabled) {
    Report(Level::kWarning, "heartbeat_disabled",
           absl::StrCat("the heartbeat \"", heartbeat_, "\" is turned off and watches nothing"));
  }
}

void Probe::Report(Level level, const char* code, std::string text) {
  findings_.push_back({level, code, std::move(text)});
}

}  // namespace tocsin::opsgenie
