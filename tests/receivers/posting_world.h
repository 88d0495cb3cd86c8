#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/random.h"
#include "integrations/delivery/delivery.h"
#include "storage/outbox.h"
#include "tests/opsgenie/delivery_world.h"
#include "tests/receivers/sim_receiver.h"

namespace tocsin::delivery {

inline constexpr char kWebhookHost[] = "webhook.example";
inline constexpr char kAlertmanagerHost[] = "alertmanager.example";
inline constexpr char kPagerdutyHost[] = "pagerduty.example";

// Outbox, delivery and SimReceiver in virtual time, on one thread. Requests are answered after a
// latency; Crash loses all that is in memory and all answers under way.
class PostingWorld {
 public:
  explicit PostingWorld(ReceiversAndRoutes config, uint64_t seed = 1);
  ~PostingWorld();

  void Open(const std::string& alias, const std::string& severity = "critical");
  void Change(const std::string& alias, const std::string& severity);
  void Close(const std::string& alias);
  bool IsOpen(const std::string& alias) const;
  // Aliases of open pages and their severities: what a receiver should show.
  std::map<std::string, std::string> Wanted() const;

  void Run(absl::Duration span);
  void Crash(bool lose_buffered);
  void Configure(ReceiversAndRoutes config);  // as a reload does
  double Metric(const std::string& line_start) const;
  std::map<std::string, std::string> RemoteOpen(const char* host) const {
    return sim.Open(host, now);
  }
  // The record of the page's only target.
  const TargetDelivery Record(const std::string& alias) const;

  Timestamp now = Timestamp::FromMillis(1'700'000'000'000);
  SimReceiver sim;
  absl::Duration latency = absl::Milliseconds(5);
  std::unique_ptr<storage::Outbox> outbox;
  std::unique_ptr<Delivery> delivery;
  Metrics metrics;

 private:
  struct Answer {
    Delivery::Work work;
    absl::StatusOr<http_client::HttpResponse> response;
  };
  void Boot();
  void Publish(state::v1::DesiredPage& page, const std::string& severity);
  bool CompleteOne();
  bool SendOne();

  ForgetfulStore store_;
  SeededRandom random_;
  std::shared_ptr<const ReceiversAndRoutes> config_;
  std::map<std::string, state::v1::DesiredPage> pages_;
  std::multimap<int64_t, Answer> answers_;
};

// One receiver "payments" with one target of the kind.
ReceiversAndRoutes WebhookOnly();
ReceiversAndRoutes AlertmanagerOnly();
ReceiversAndRoutes PagerdutyOnly();

}  // namespace tocsin::delivery
