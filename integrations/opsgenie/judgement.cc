#include "integrations/opsgenie/judgement.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/json_fields.h"
#include "integrations/page/clamp.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpResponse;

// Shortened for people once secrets are out of it: the part of a key is one, too.
constexpr size_t kErrorCharsMax = 4000;
constexpr int64_t kWaitSecondsMax = 3600;  // a longer hint is not believed

// "422 Request body is not processable. (tags: more than 20 items)"
std::string ErrorText(const HttpResponse& response, const Json& body) {
  std::string text = absl::StrCat(response.status, " ", Text(body, "message"));
  if (body.contains("errors")) {
    absl::StrAppend(&text, " ",
                    body["errors"].dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return page::ClampEnd(text, kErrorCharsMax);
}

absl::Duration WaitHint(const HttpResponse& response) {
  for (const char* name : {"Retry-After", "X-RateLimit-Period-In-Sec"}) {
    int64_t seconds = 0;
    if (absl::SimpleAtoi(response.Header(name), &seconds) && seconds > 0) {
      return absl::Seconds(std::min(seconds, kWaitSecondsMax));
    }
  }
  return absl::ZeroDuration();
}

Verdict VerdictOf(const HttpResponse& response, const Json& body) {
  const int status = response.status;
  if (status >= 200 && status < 300) return Verdict::kAccepted;
  switch (status) {
    case 404:
      return response.Header("X-Opsgenie-Errortype") == "RequestNotProcessed" ? Verdict::kPending
                                                                              : Verdict::kNotFound;
    case 429:
      return Verdict::kThrottled;
    case 400:
    case 413:
      return Verdict::kRejected;
    case 422:
      // An ill-formed key is answered like an ill-formed page, but no other page would pass.
      return absl::StrContains(Text(body, "message"), "Key format") ? Verdict::kUnauthorized
                                                                    : Verdict::kRejected;
    case 401:
      return Verdict::kUnauthorized;
    case 408:
      return Verdict::kRetryLater;
    case 501:
      return Verdict::kRefused;
    default:
      return status >= 500 ? Verdict::kRetryLater : Verdict::kRefused;
  }
}

}  // namespace

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kPending:
      return "pending";
    case Verdict::kNotFound:
      return "not_found";
    case Verdict::kThrottled:
      return "throttled";
    case Verdict::kRetryLater:
      return "retry_later";
    case Verdict::kRejected:
      return "rejected";
    case Verdict::kUnauthorized:
      return "unauthorized";
    case Verdict::kRefused:
      return "refused";
  }
  return "";
}

Judgement Judge(const HttpResponse& response) {
  const Json body = ParseObject(response.body);
  Judgement judgement;
  judgement.verdict = VerdictOf(response, body);
  judgement.wait = WaitHint(response);
  if (judgement.verdict == Verdict::kAccepted) {
    judgement.request_id = Text(body, "requestId");
    judgement.wait = absl::ZeroDuration();  // on success the period only describes the quota
  } else {
    judgement.error = ErrorText(response, body);
  }
  return judgement;
}

Judgement JudgeWrite(const HttpResponse& response) {
  Judgement judgement = Judge(response);
  const bool strange = judgement.verdict == Verdict::kAccepted && response.status != 202 &&
                       judgement.request_id.empty();
  if (!strange) return judgement;
  judgement.verdict = Verdict::kUnauthorized;
  judgement.error = absl::StrCat(response.status, ": this does not look like OpsGenie");
  return judgement;
}

}  // namespace tocsin::opsgenie
