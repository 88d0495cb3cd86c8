#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/random.h"
#include "integrations/delivery/delivery.h"
#include "integrations/page/page_text.h"
#include "storage/memory_store.h"
#include "storage/outbox.h"
#include "tests/opsgenie/delivery_wire.h"
#include "tests/opsgenie_sim/sim_alert_book.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::delivery {

inline constexpr char kTestKey[] = "11111111-2222-4333-8444-555555555555";
inline constexpr char kOtherKey[] = "22222222-2222-4333-8444-555555555555";

// A memory store that can forget the buffered writes since the last synced one, as a machine's
// crash does.
class ForgetfulStore : public storage::Store {
 public:
  absl::Status Write(const storage::WriteBatch& batch, storage::Durability durability) override;
  absl::StatusOr<std::optional<std::string>> Get(storage::Family family,
                                                 absl::string_view key) const override {
    return store_.Get(family, key);
  }
  absl::Status Scan(storage::Family family, absl::string_view begin, absl::string_view end,
                    const Visitor& fn) const override {
    return store_.Scan(family, begin, end, fn);
  }
  // Undoes a random number of the newest buffered writes.
  void ForgetSome(Random& random);

 private:
  storage::MemoryStore store_;
  std::deque<storage::WriteBatch> undo_;
};

// Knows one template.
std::string ExpandSeverity(const std::string& text, const state::v1::DesiredPage& page);

// Shards, outbox, delivery and simulators in virtual time, on one thread. What a shard does is
// Open, Worsen and Close; requests are answered after a latency; Crash loses all that is in memory
// and all answers under way.
class DeliveryWorld {
 public:
  explicit DeliveryWorld(ReceiversAndRoutes config, sim::SimOptions options, uint64_t seed = 1,
                         routing::Suppressor* suppressor = nullptr,
                         page::Expander expander = ExpandSeverity);
  ~DeliveryWorld();

  void Open(const std::string& alias, const std::string& severity = "critical",
            const std::string& team = "payments");
  void Change(const std::string& alias, const std::string& severity, const std::string& summary);
  void Close(const std::string& alias);
  // The page as a shard made it.
  void Publish(const state::v1::DesiredPage& page);
  // Somebody closes the alert in OpsGenie.
  void CloseByHand(const std::string& alias);
  // Somebody does something to the alert in the web interface: `body` as in the API.
  void ByHand(const std::string& alias, sim::ActionKind action,
              sim::Json body = sim::Json::object());
  // One walk through the list of open alerts, whatever kind of API there is.
  void List(const TargetKey& target);
  bool IsOpen(const std::string& alias) const;
  std::vector<std::string> OpenAliases() const;
  const state::v1::DesiredPage& Desired(const std::string& alias) { return pages_[alias]; }

  // Everything that happens in the next `span`.
  void Run(absl::Duration span);
  void Crash(bool lose_buffered);
  // Sets our clock, not the simulator's.
  void StepClock(absl::Duration step);

  // Aliases of the simulator's open alerts, of one account or of all.
  std::vector<std::string> RemoteOpen(const std::string& account = "") const;
  // Requests that a real server would have refused and that no fault explains.
  std::vector<std::string> Refusals() const;
  size_t CountSent(const std::string& method, const std::string& path_part) const;
  double Metric(const std::string& line_start) const;  // value of the exposition line; -1 if absent

  // Whether the simulator's webhooks reach us.
  void SetHears(bool hears) { hears_ = hears; }
  void SetLatency(absl::Duration latency) { wire_.latency = latency; }

  Timestamp now = Timestamp::FromMillis(1'700'000'000'000);
  sim::SimOpsgenie sim;
  ForgetfulStore store;
  Metrics metrics;
  std::unique_ptr<storage::Outbox> outbox;
  std::unique_ptr<Delivery> delivery;
  std::shared_ptr<const ReceiversAndRoutes> config;

 private:
  void Boot();
  void HearWebhooks();
  Timestamp NextEvent(Timestamp end) const;

  Timestamp SimNow() const { return now - stepped_; }

  routing::Suppressor* const suppressor_;
  const page::Expander expander_;
  SeededRandom random_;
  absl::Duration stepped_;
  bool hears_ = true;
  std::map<std::string, state::v1::DesiredPage> pages_;  // last wish per alias
  DeliveryWire wire_{sim};
};

// One receiver "payments" with one target at the simulator.
opsgenie::OpsgenieConfig TestTarget();
ReceiversAndRoutes TestConfig(const opsgenie::OpsgenieConfig& target = TestTarget());
sim::SimOptions TestSim();

// How often `part` is in `text`.
size_t CountOf(const std::string& text, const std::string& part);
// The counter of pages of "payments" that had this outcome.
std::string Pages(const char* outcome);
// The simulator's alert, of which there must be one.
const sim::SimAlert& OnlyAlert(const DeliveryWorld& world);

}  // namespace tocsin::delivery
