// Any answer to a request of ours, as a status line, headers and a body:
//   - it is judged the same each time; only 2xx is accepted, and 2xx is never throttled
//   - an error for people is short, and there is one exactly if the answer is not accepted
//   - no server makes us wait more than an hour, or less than nothing
//   - ids it gives us make requests whose URL holds nothing but what a URL may
// Input: "status\nName: value\n...\n\nbody".

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/secret.h"
#include "integrations/opsgenie/heartbeat.h"
#include "integrations/opsgenie/request.h"
#include "tests/fuzz/input.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpResponse;

constexpr size_t kErrorBytesMax = 4 * 301;  // 300 characters and the mark of a cut

HttpResponse ReadReply(absl::string_view text) {
  HttpResponse reply;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits("\n\n", 1));
  reply.body = std::string(parts.second);
  bool first = true;
  for (absl::string_view line : absl::StrSplit(parts.first, '\n')) {
    if (first) {
      if (!absl::SimpleAtoi(line, &reply.status)) reply.status = 200;
      first = false;
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    reply.headers.push_back({std::string(header.first), std::string(header.second)});
  }
  return reply;
}

void CheckUrl(const http_client::HttpRequest& request) {
  for (const char c : request.url) {
    const bool allowed = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                         absl::string_view("-._~%/:?=&,").find(c) != absl::string_view::npos;
    TOCSIN_CHECK(allowed) << request.url;
  }
}

void CheckJudgement(const Judgement& judgement, const HttpResponse& reply) {
  const bool success = reply.status >= 200 && reply.status < 300;
  const bool accepted = judgement.verdict == Verdict::kAccepted;
  TOCSIN_CHECK(!accepted || success) << reply.status;
  TOCSIN_CHECK(accepted == judgement.error.empty()) << judgement.error;
  TOCSIN_CHECK(judgement.error.size() <= kErrorBytesMax) << judgement.error.size();
  TOCSIN_CHECK(judgement.wait >= absl::ZeroDuration() && judgement.wait <= absl::Hours(1));
  TOCSIN_CHECK(VerdictName(judgement.verdict)[0] != '\0');
}

void CheckOthers(const OpsgenieConfig& config, const HttpResponse& reply) {
  if (const auto page = ParseAlertList(reply)) {
    for (const RemoteAlert& alert : page->alerts) {
      TOCSIN_CHECK(!alert.id.empty());
      CheckUrl(GetAlert(config, {AlertRef::Type::kId, alert.id}));
      CheckUrl(GetAlert(config, {AlertRef::Type::kAlias, alert.alias}));
    }
  }
  if (const auto heartbeat = ParseHeartbeat(reply)) {
    TOCSIN_CHECK(!heartbeat->name.empty());
    CheckUrl(PingHeartbeat(config, {heartbeat->name, ""}));
  }
  static_cast<void>(ParseCount(reply));
}

void CheckReply(const HttpResponse& reply) {
  OpsgenieConfig config;
  config.api_key = Secret("key");
  const Judgement judgement = Judge(reply);
  CheckJudgement(judgement, reply);
  const Judgement again = Judge(reply);
  TOCSIN_CHECK(again.verdict == judgement.verdict && again.wait == judgement.wait &&
               again.request_id == judgement.request_id && again.error == judgement.error);
  const Judgement write = JudgeWrite(reply);
  CheckJudgement(write, reply);
  TOCSIN_CHECK(write.verdict != Verdict::kAccepted || reply.status == 202 ||
               !write.request_id.empty());
  CheckUrl(GetRequestStatus(config, judgement.request_id));
  CheckOthers(config, reply);
  if (const auto status = ParseRequestStatus(reply)) {
    CheckUrl(GetAlert(config, {AlertRef::Type::kId, status->alert_id}));
  }
  if (const auto alert = ParseAlert(reply)) {
    TOCSIN_CHECK(!alert->id.empty());
    CheckUrl(GetAlert(config, {AlertRef::Type::kId, alert->id}));
    CheckUrl(RemoveTags(config, {AlertRef::Type::kId, alert->id}, alert->tags));
    static_cast<void>(AddDetails(config, {AlertRef::Type::kId, alert->id},
                                 Details(alert->details.begin(), alert->details.end())));
  }
}

}  // namespace
}  // namespace tocsin::opsgenie

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::opsgenie::CheckReply(tocsin::opsgenie::ReadReply(tocsin::fuzz::Text(data, size)));
  return 0;
}
