#include "integrations/datadog/intake_routes.h"

#include <utility>

namespace tocsin::datadog {

// Agents repeat without end what is answered 404, so every path that may be theirs is a route.
void AddRoutes(Intake& intake, ingest::HttpFront& front) {
  for (const char* path : {"/datadog", "/datadog/", "/intake", "/intake/", "/api/v1/", "/api/v2/",
                           "/api/beta/", "/api/intake/"}) {
    ingest::HttpRoute route;
    route.path = path;
    route.methods = {};
    route.authorize = [&intake](const http::HttpRequest& head) { return intake.Authorize(head); };
    route.handle = [&intake](http::HttpRequest request, const ingest::IngestContext& context,
                             http::Respond respond) {
      intake.Handle(std::move(request), context, std::move(respond));
    };
    route.refuse = [](const http::HttpRequest&, int status, const absl::Status& reason) {
      return Intake::Refusal(status, reason);
    };
    front.AddRoute(std::move(route));
  }
}

}  // namespace tocsin::datadog
