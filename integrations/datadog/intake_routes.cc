#include "integrations/datadog/intake_routes.h"

#include <utility>

namespace tocsin::datadog {
namespace {

ingest::HttpRoute RouteAt(const char* path, Intake& intake) {
  ingest::HttpRoute route;
  route.path = path;
  route.methods = {};
  route.authorize = [&intake](const http::HttpRequest& head) { return intake.Authorize(head); };
  return route;
}

void AddLogRoute(const char* path, Intake& intake, LogIntake& logs, ingest::HttpFront& front) {
  ingest::HttpRoute route = RouteAt(path, intake);
  route.check_type = LogIntake::CheckType;
  route.handle = [&logs](const http::HttpRequest& request, const ingest::IngestContext& context,
                         const http::Respond& respond) { logs.Handle(request, context, respond); };
  route.refuse = [&logs](const http::HttpRequest&, int status, const absl::Status& reason) {
    return logs.Refuse(status, reason);
  };
  front.AddRoute(std::move(route));
}

}  // namespace

// Agents repeat without end what is answered 404, so every path that may be theirs is a route.
void AddRoutes(Intake& intake, LogIntake& logs, ingest::HttpFront& front) {
  for (const char* path : {"/datadog", "/datadog/", "/intake", "/intake/", "/api/v1/", "/api/v2/",
                           "/api/beta/", "/api/intake/"}) {
    ingest::HttpRoute route = RouteAt(path, intake);
    route.handle = [&intake](http::HttpRequest request, const ingest::IngestContext& context,
                             http::Respond respond) {
      intake.Handle(std::move(request), context, std::move(respond));
    };
    route.refuse = [](const http::HttpRequest&, int status, const absl::Status& reason) {
      return Intake::Refusal(status, reason);
    };
    front.AddRoute(std::move(route));
  }
  for (const char* path : {"/api/v2/logs", "/v1/input", kLogInputPath, "/datadog/api/v2/logs",
                           "/datadog/v1/input", "/datadog/v1/input/"}) {
    AddLogRoute(path, intake, logs, front);
  }
}

}  // namespace tocsin::datadog
