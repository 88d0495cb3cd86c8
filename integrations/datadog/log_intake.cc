#include "integrations/datadog/log_intake.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/datadog/intake.h"
#include "integrations/datadog/log_reader.h"
#include "integrations/http/form.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/utf8.h"

namespace tocsin::datadog {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr int kAccepted = 202;

http::HttpReply Taken() {
  return {.status = kAccepted, .content_type = "application/json", .body = "{}"};
}

absl::StatusOr<LogDefaults> DefaultsOf(const http::HttpRequest& request) {
  http::Form form;
  if (!form.Add(request.query)) return absl::InvalidArgumentError("malformed parameters");
  LogDefaults defaults;
  const std::pair<const char*, std::string*> parameters[] = {{"ddsource", &defaults.source},
                                                             {"ddtags", &defaults.tags},
                                                             {"hostname", &defaults.host},
                                                             {"service", &defaults.service}};
  for (const auto& [name, value] : parameters) {
    *value = form.Get(name);
    if (!ingest::IsUtf8(*value)) {
      return absl::InvalidArgumentError(absl::StrCat("the parameter ", name, " is not UTF-8"));
    }
  }
  return defaults;
}

}  // namespace

absl::Status LogIntake::CheckType(absl::string_view content_type) {
  if (ingest::MediaTypeOf(content_type) != "application/logplex-1") return absl::OkStatus();
  return absl::InvalidArgumentError(
      "logs of application/logplex-1 are not read: send application/json or text/plain");
}

void LogIntake::Handle(const http::HttpRequest& request, const ingest::IngestContext& context,
                       const http::Respond& respond) {
  if (request.method != "POST" || request.body.empty()) return respond(Taken());
  absl::StatusOr<ingest::LogSamples> decoded = Decode(request, context);
  if (!decoded.ok()) {
    http::HttpReply reply = Refuse(ingest::HttpStatusOf(decoded.status()), decoded.status());
    ingest::AddRetryAfter(reply, kRetryAfter);
    return respond(std::move(reply));
  }
  auto result = std::make_shared<ingest::LogSamples>(*std::move(decoded));
  SampleBatch batch = std::exchange(result->batch, {});
  const size_t samples = batch.size();
  context.Charge(result->records);
  if (samples == 0) return respond(Answer(*result, 0));
  parts_.sink.SubmitFrom(context.sender, std::move(batch),
                         [this, result, samples, respond](const absl::Status& status) {
                           respond(Answer(*result, status.ok() ? samples : 0));
                         });
}

absl::StatusOr<ingest::LogSamples> LogIntake::Decode(const http::HttpRequest& request,
                                                     const ingest::IngestContext& context) {
  metrics_.requests.AddBytes(request.body.size());
  TOCSIN_ASSIGN_OR_RETURN(const LogDefaults defaults, DefaultsOf(request));
  ingest::LogWalk walk(parts_.limits, parts_.counters.rules(), context.now, &context.room);
  LogReader reader(defaults, parts_.hosts, context.room, walk);
  const bool lines = ingest::MediaTypeOf(request.Header("Content-Type")) == "text/plain";
  TOCSIN_RETURN_IF_ERROR(lines ? reader.TakeLines(request.body) : reader.TakeJson(request.body));
  return walk.Count(parts_.counters);
}

http::HttpReply LogIntake::Refuse(int status, const absl::Status& reason) {
  metrics_.requests.AddRequest(ingest::OutcomeOf(status));
  return Intake::Refusal(status, reason);
}

http::HttpReply LogIntake::Answer(const ingest::LogSamples& result, size_t samples) {
  metrics_.AddTaken(result, samples);
  metrics_.requests.AddRequest("OK");
  const std::string problems = result.Describe();
  return problems.empty() ? Taken()
                          : Intake::Refusal(kAccepted, absl::InvalidArgumentError(problems));
}

}  // namespace tocsin::datadog
