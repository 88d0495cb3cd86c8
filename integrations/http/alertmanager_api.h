#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "integrations/http/alertmanager_backend.h"
#include "integrations/http/build_info.h"
#include "integrations/http/http_message.h"
#include "integrations/routing/silences.h"

namespace tocsin::http {

// Alertmanager's API v2 below /api/v2/, as far as it is about silences and about looking: `amtool`
// and Alertmanager's data source of Grafana work with it.
//
//   GET          /api/v2/status, /receivers
//   GET          /api/v2/alerts, /alerts/groups   filter, receiver, active, silenced, inhibited
//   GET, POST    /api/v2/silences                 filter
//   GET, DELETE  /api/v2/silence/ID
//
// Each alert is a group of its own, since each is a page of its own. `unprocessed` and `muted` are
// accepted and change nothing: no alert is shown before it is looked at, and intervals that mute a
// route are not shown here. Alerts cannot be posted (501): rules make them.
//
// Errors are one JSON text, as Alertmanager's: 400 (a parameter, the silence), 403 (a page of
// another origin), 404, 405, 503 (the store: try again), 500.
//
// Thread: any, several calls at once. Borrows everything; all of it outlives this.
class AlertmanagerApi {
 public:
  AlertmanagerApi(AlertmanagerBackend& backend, routing::Silences& silences, const Clock& clock,
                  BuildInfo build);

  HttpReply Handle(const HttpRequest& request);

 private:
  HttpReply Status();
  HttpReply Receivers();
  HttpReply Alerts(const HttpRequest& request, bool grouped);
  HttpReply SilenceList(const HttpRequest& request);
  HttpReply PostSilence(const HttpRequest& request);
  HttpReply OneSilence(const HttpRequest& request, const std::string& id);

  AlertmanagerBackend& backend_;
  routing::Silences& silences_;
  const Clock& clock_;
  const BuildInfo build_;
  const Timestamp started_;
};

}  // namespace tocsin::http
