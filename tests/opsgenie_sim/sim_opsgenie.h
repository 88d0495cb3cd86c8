#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_alert_book.h"
#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_directory.h"
#include "tests/opsgenie_sim/sim_heartbeats.h"
#include "tests/opsgenie_sim/sim_rate_limit.h"
#include "tests/opsgenie_sim/sim_route.h"
#include "tests/opsgenie_sim/sim_types.h"
#include "tests/opsgenie_sim/sim_webhooks.h"

namespace tocsin::sim {

// The answer to one request, or what happened instead of one.
struct SimReply {
  http_client::HttpResponse response;
  bool dropped = false;  // the connection ends without an answer
  absl::Duration delay;  // before the answer leaves
};

// A strict OpsGenie: what the real server is known to refuse is refused here, and where its
// behaviour is not known the harsher reading is taken. It exists so that tests can say "no request
// the real server would refuse" and so that a user can try rules without paging anyone.
//
// Requests are answered at once and processed later (SimOptions::delay), so that a 202 means as
// little as it does in reality. JSM Operations' integration API is served below
// /jsm/ops/integration and its REST API below /jsm/ops/api/CLOUD at the same time, for the same
// alerts.
//
// Thread: one at a time. Time is an argument and randomness is seeded: the same calls give the same
// answers.
class SimOpsgenie {
 public:
  explicit SimOpsgenie(SimOptions options);

  SimReply Handle(const http_client::HttpRequest& request, Timestamp now);
  // Processes what is due. Handle does this first.
  void AdvanceTo(Timestamp now);
  // When the next accepted request is due or a snooze ends; nullopt if nothing waits.
  std::optional<Timestamp> NextDue() const;

  // Somebody does something to an alert of the main account in the web interface: at once, and
  // whatever keys there are. Fields as in the API, `user` says who. InvalidArgument names what is
  // wrong with the fields.
  absl::StatusOr<ActionResult> Act(PendingAction action, Timestamp now);

  void SetFaults(const FaultPlan& faults) { options_.faults = faults; }
  void SetKey(const std::string& text, const SimKey& key) { options_.keys[text] = key; }
  const FaultPlan& faults() const { return options_.faults; }
  void SetRegion(const std::string& region) { options_.region = region; }
  void SetDirectory(std::vector<SimDirectoryEntry> entries) { directory_.Set(std::move(entries)); }

  const std::map<std::string, SimAlert>& alerts() const { return book_.alerts(); }
  const std::deque<JournalEntry>& journal() const { return journal_; }
  const SimHeartbeats& heartbeats() const { return heartbeats_; }
  // Events since the last call, oldest first.
  std::vector<SimEvent> TakeEvents();
  // With SimOptions::webhooks, those to be sent until `now`.
  std::vector<SimWebhook> TakeWebhooks(Timestamp now);

 private:
  struct Queued {
    std::string request_id;
    PendingAction action;
    bool fails = false;
  };
  struct RequestRecord {
    std::string account;
    std::string action;
    bool rest = false;  // taken by JSM's REST API, which alone knows of it
    bool processed = false;
    ActionResult result;
    Timestamp processed_at;
  };
  // What becomes of an accepted request.
  enum class Fate { kProcessed, kDiscarded, kFailed };

  std::optional<SimAnswer> Fault(const http_client::HttpRequest& request);
  std::optional<int> StatusFaultFor(const http_client::HttpRequest& request);
  SimAnswer Decide(const http_client::HttpRequest& request, const Routed& routed, Timestamp now,
                   Fate fate);
  SimAnswer Answer(const http_client::HttpRequest& request, const Routed& routed, Timestamp now,
                   Fate fate);
  SimAnswer Accept(const http_client::HttpRequest& request, const Routed& routed, const SimKey& key,
                   Timestamp now, Fate fate);
  SimAnswer Configure(const http_client::HttpRequest& request, const Routed& routed,
                      const SimKey& key, Timestamp now);
  SimAnswer RequestStatus(const Routed& routed, const SimKey& key) const;
  void Enqueue(const std::string& request_id, PendingAction action, Timestamp now, Fate fate);
  void NoteHeartbeats(Timestamp now);
  void EmitWebhooks();
  SimReply Finish(const http_client::HttpRequest& request, SimAnswer answer, Timestamp now);
  void Record(const http_client::HttpRequest& request, int status, std::string verdict,
              Timestamp now);
  bool Chance(double probability) { return probability > 0 && random_.Uniform() < probability; }

  SimOptions options_;
  SeededRandom random_;
  SimDirectory directory_;
  SimHeartbeats heartbeats_;
  std::vector<SimEvent> events_;
  size_t events_emitted_ = 0;  // of events_, those that are webhooks already
  SimWebhooks webhooks_;
  SimAlertBook book_;
  SimRateLimit rate_;
  std::multimap<int64_t, Queued> queue_;  // by due time, ms; equal times in order of arrival
  int64_t last_due_ms_ = 0;
  std::map<std::string, RequestRecord> requests_;
  std::deque<JournalEntry> journal_;
  uint64_t next_entry_ = 1;
};

}  // namespace tocsin::sim
