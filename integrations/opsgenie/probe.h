#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"

namespace tocsin::opsgenie {

// What is wrong with a receiver, in words somebody can act upon.
struct ProbeFinding {
  enum class Level {
    kError,    // pages cannot pass, or reach somebody else than meant
    kWarning,  // pages pass, something configured has no effect or could not be checked
  };
  Level level = Level::kWarning;
  const char* code = "";  // "wrong_key", ...: a metric's label and the log's field
  std::string text;       // never holds the key
};

// Asks OpsGenie, at start and after a reload, whether pages could pass: the key's kind and region,
// the URL, the responders, the heartbeat. Opens no alert and pages nobody: what is written is the
// close of an alias that no alert has.
//
//   Probe probe(config, heartbeat);
//   while (auto request = probe.Next()) probe.Take(transport.Send(*request));
//   for (const ProbeFinding& finding : probe.findings()) ...
//
// A key that is refused ends it, since nothing else could be learned; so does a server that cannot
// be reached. Codes: unreachable, no_answer (5xx, 429), wrong_url, wrong_profile, wrong_key,
// wrong_key_kind, restricted_key, no_such_responder, responder_unchecked, responders_ignored,
// no_such_heartbeat, heartbeat_disabled, heartbeat_unchecked.
//
// JSM's integration API can only be asked about the key: nothing is said about the rest.
//
// Thread: one at a time. Owns what it needs of the configuration.
class Probe {
 public:
  // `heartbeat` is the name of the one that will be pinged; "": none.
  Probe(OpsgenieConfig config, std::string heartbeat);

  // The next request; nullopt when there is nothing more to ask. Each is answered by one Take.
  std::optional<http_client::HttpRequest> Next() const;
  void Take(const absl::StatusOr<http_client::HttpResponse>& answer);

  const std::vector<ProbeFinding>& findings() const { return findings_; }

 private:
  struct Step {
    enum class Kind { kKey, kTeamKey, kResponder, kHeartbeat };
    Kind kind;
    size_t responder = 0;
  };

  void TakeKey(const http_client::HttpResponse& answer);
  void TakeTeamKey(const http_client::HttpResponse& answer);
  void TakeResponder(const http_client::HttpResponse& answer, const Responder& responder);
  void TakeHeartbeat(const http_client::HttpResponse& answer);
  void PlanTheRest();
  void Unauthorized();
  void WrongPlace(int status);
  void Report(ProbeFinding::Level level, const char* code, std::string text);

  const OpsgenieConfig config_;
  const std::string heartbeat_;
  const std::vector<Responder> responders_;  // those that can be asked for: the same for every page
  std::vector<Step> steps_;
  size_t next_ = 0;
  std::vector<ProbeFinding> findings_;
};

}  // namespace tocsin::opsgenie
