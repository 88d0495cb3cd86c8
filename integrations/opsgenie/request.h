#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/page_content.h"

// OpsGenie's alert API as pure functions: what to send, and what an answer means. No I/O, no state.
namespace tocsin::opsgenie {

// What an API can do beyond create, close, notes and the request status.
struct Capabilities {
  bool lookup = true;         // GET an alert
  bool field_updates = true;  // PUT priority, message, description; details and tags
};
Capabilities CapabilitiesOf(Profile profile);

// Of what ids belong to: URL and profile, not the key, which may change. Not 0. On disk.
uint64_t AccountHash(const OpsgenieConfig& config);

// How a request names its alert; the identifier type is always sent, since without it an alias is
// taken for an id and the request is accepted without effect.
struct AlertRef {
  enum class Type { kId, kAlias };
  Type type = Type::kAlias;
  std::string value;
};

http_client::HttpRequest CreateAlert(const OpsgenieConfig& config, const PageContent& content);
// Message, alias and priority only: what goes out after the full page was refused.
http_client::HttpRequest CreateMinimalAlert(const OpsgenieConfig& config,
                                            const PageContent& content);
// Without a note the body is empty: the minimal close.
http_client::HttpRequest CloseAlert(const OpsgenieConfig& config, const AlertRef& alert,
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
http_client::HttpRequest GetRequestStatus(const OpsgenieConfig& config,
                                          const std::string& request_id);
http_client::HttpRequest GetAlert(const OpsgenieConfig& config, const AlertRef& alert);

// The words are also the metric's label and the log's field.
enum class Verdict {
  kAccepted,      // 2xx: for a write, queued and nothing more
  kPending,       // the request status is not known yet: ask again
  kNotFound,      // 404 on an alert or request: it is not there
  kThrottled,     // 429: nothing was done; wait
  kRetryLater,    // 5xx, 408: try again; it may have been done all the same
  kRejected,      // 400, 413, 422: this payload is wrong, another may do
  kUnauthorized,  // 401, ill-formed key, not OpsGenie: nothing passes until the configuration
                  // changes
  kRefused,  // 402, 403, 405, 501, ...: no request of this kind passes, others may: a key may be
             // restricted to some, a gateway may know some only
};
const char* VerdictName(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kRetryLater;
  absl::Duration wait;     // what the server asked for; zero if it did not say
  std::string request_id;  // of an accepted write
  std::string error;       // short, for people; "" if accepted
};
Judgement Judge(const http_client::HttpResponse& response);
// The same for a write. That is accepted by a 202 or a requestId only: any other success comes from
// something that is not OpsGenie, a proxy or a wrong URL, and counts as unauthorized.
Judgement JudgeWrite(const http_client::HttpResponse& response);

// The outcome of an accepted request. nullopt if the body is not understood.
struct RequestStatus {
  bool success = false;
  std::string status;    // "Created alert", "Alert does not exist", ...
  std::string alert_id;  // may be empty
};
std::optional<RequestStatus> ParseRequestStatus(const http_client::HttpResponse& response);

struct RemoteAlert {
  std::string id;
  bool open = false;
  std::string priority;
  std::string message;
  std::string description;
  std::vector<std::string> tags;
  std::map<std::string, std::string> details;
};
std::optional<RemoteAlert> ParseAlert(const http_client::HttpResponse& response);

}  // namespace tocsin::opsgenie
