#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "integrations/http/admin_backend.h"
#include "integrations/http/build_info.h"
#include "integrations/http/form.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

class AlertmanagerApi;

// The admin port's routes: /metrics, /-/healthy, /-/ready, /-/reload, the Prometheus-compatible
// part of /api/v1, /api/tocsin/v1/backup (backup_route.h) and /api/tocsin/v1/explain
// (explain_route.h), and the Alertmanager-compatible /api/v2 (alertmanager_api.h). Pass Handle to
// HttpServer as its handler. Routes to come answer 501 with "not supported yet: ...".
//
// Reloading and backups from a browser page of another origin are refused (403): an admin port on
// loopback has no other guard.
//
// At most kQueriesMax queries and explanations run at once, as each may take a core and much memory
// for as long as its `timeout` allows; a further one gets 503 "unavailable". Metrics:
// tocsin_http_queries_refused_total.
//
// Thread: any, several calls at once. Borrows everything; all of it outlives this.
class AdminApi {
 public:
  static constexpr int kQueriesMax = 4;

  AdminApi(AdminBackend& backend, Metrics& metrics, const Clock& clock, BuildInfo build);

  // Answers what is below /api/v2/. Set before the first request.
  void SetAlertmanager(AlertmanagerApi& alertmanager) { alertmanager_ = &alertmanager; }

  HttpReply Handle(const HttpRequest& request);

 private:
  HttpReply Route(const HttpRequest& request);
  HttpReply Ready();
  HttpReply Reload(const HttpRequest& request);
  HttpReply Query(const HttpRequest& request);
  // `limit`: rows of the result at most; 0: all.
  HttpReply RunQuery(const std::string& text, Timestamp time, absl::Duration timeout,
                     uint64_t limit);
  HttpReply TooManyQueries();
  HttpReply Explain(const HttpRequest& request);
  HttpReply Rules(const HttpRequest& request);
  HttpReply Alerts();
  HttpReply Targets(const HttpRequest& request);
  HttpReply BuildInformation();

  AdminBackend& backend_;
  Metrics& metrics_;
  const Clock& clock_;
  const BuildInfo build_;
  AlertmanagerApi* alertmanager_ = nullptr;
  prometheus::Counter& queries_refused_;
  std::atomic<int> queries_ = 0;  // running
};

}  // namespace tocsin::http
