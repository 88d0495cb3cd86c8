#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/alert_ref.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/judgement.h"
#include "integrations/opsgenie/page_content.h"
#include "integrations/opsgenie/remote_alert.h"

// OpsGenie's alert API as pure functions: what to send. What an answer means is in judgement.h and
// remote_alert.h. No I/O, no state.
namespace tocsin::opsgenie {

// What an API can do beyond create, close, acknowledge, notes and the request status.
struct Capabilities {
  bool lookup = true;         // GET an alert
  bool field_updates = true;  // priority, message, description; details and tags
  bool list = true;           // search
  bool snooze = true;         // and unacknowledge
  bool escalation = true;     // escalate, assign, responders
  bool heartbeat = true;
  // The above, but lookups, take an alias; otherwise an id only.
  bool by_alias = true;
};
Capabilities CapabilitiesOf(const OpsgenieConfig& config);
Capabilities CapabilitiesOf(Profile profile);  // without JsmRest

// Of what ids belong to: URL and profile, not the key, which may change. Not 0. On disk.
uint64_t AccountHash(const OpsgenieConfig& config);

// With JSM, create, acknowledge, close, notes and their request status go to the integration API,
// everything else by id to the REST API if that is configured.

http_client::HttpRequest CreateAlert(const OpsgenieConfig& config, const PageContent& content);
// Message, alias and priority only: what goes out after the full page was refused.
http_client::HttpRequest CreateMinimalAlert(const OpsgenieConfig& config,
                                            const PageContent& content);
// Without a note the body is empty: the minimal close. The same for acknowledge.
http_client::HttpRequest CloseAlert(const OpsgenieConfig& config, const AlertRef& alert,
                                    const std::string& note);
http_client::HttpRequest Acknowledge(const OpsgenieConfig& config, const AlertRef& alert,
                                     const std::string& note);
http_client::HttpRequest AddNote(const OpsgenieConfig& config, const AlertRef& alert,
                                 const std::string& note);

http_client::HttpRequest SetPriority(const OpsgenieConfig& config, const AlertRef& alert,
                                     const std::string& priority);
http_client::HttpRequest SetMessage(const OpsgenieConfig& config, const AlertRef& alert,
                                    const std::string& message);
http_client::HttpRequest SetDescription(const OpsgenieConfig& config, const AlertRef& alert,
                                        const std::string& description);
// Merged by key.
http_client::HttpRequest AddDetails(const OpsgenieConfig& config, const AlertRef& alert,
                                    const Details& details);
http_client::HttpRequest AddTags(const OpsgenieConfig& config, const AlertRef& alert,
                                 const std::vector<std::string>& tags);
// Tags with a comma cannot be named and must not be in it.
http_client::HttpRequest RemoveTags(const OpsgenieConfig& config, const AlertRef& alert,
                                    const std::vector<std::string>& tags);

http_client::HttpRequest Unacknowledge(const OpsgenieConfig& config, const AlertRef& alert,
                                       const std::string& note);
// `until` must lie at least two seconds ahead of the server's clock, or it is refused.
http_client::HttpRequest Snooze(const OpsgenieConfig& config, const AlertRef& alert,
                                Timestamp until, const std::string& note);
// Notifies the next rule of an escalation, named by id or name.
http_client::HttpRequest EscalateToNext(const OpsgenieConfig& config, const AlertRef& alert,
                                        const Responder& escalation, const std::string& note);
// `owner` is a user.
http_client::HttpRequest Assign(const OpsgenieConfig& config, const AlertRef& alert,
                                const Responder& owner, const std::string& note);
// Users and teams only (CanBeAdded): escalations and schedules are responders of a create, or of
// EscalateToNext.
http_client::HttpRequest AddResponder(const OpsgenieConfig& config, const AlertRef& alert,
                                      const Responder& responder, const std::string& note);
bool CanBeAdded(Responder::Type type);

http_client::HttpRequest GetRequestStatus(const OpsgenieConfig& config,
                                          const std::string& request_id);
// The same for a request to JSM's REST API, which JsmRest must be there for.
http_client::HttpRequest GetRestRequestStatus(const OpsgenieConfig& config,
                                              const std::string& request_id);
http_client::HttpRequest GetAlert(const OpsgenieConfig& config, const AlertRef& alert);

}  // namespace tocsin::opsgenie
