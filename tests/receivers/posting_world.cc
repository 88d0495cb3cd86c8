#include "tests/receivers/posting_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/labels.h"

namespace tocsin::delivery {

PostingWorld::PostingWorld(ReceiversAndRoutes config, uint64_t seed)
    : sim(seed + 1),
      random_(seed),
      config_(std::make_shared<const ReceiversAndRoutes>(std::move(config))) {
  Boot();
}

PostingWorld::~PostingWorld() = default;

void PostingWorld::Boot() {
  outbox = std::make_unique<storage::Outbox>(store_, 10'000);
  TOCSIN_CHECK(outbox->Recover().ok());
  const auto expander = [](const std::string& text, const state::v1::DesiredPage& page) {
    return text == "{{severity}}" ? page.severity() : text;
  };
  delivery = std::make_unique<Delivery>(*outbox, metrics, random_, expander, config_);
  outbox->SetListener([this](const std::string& alias) { delivery->Notify(alias); });
  delivery->Start(now);
}

void PostingWorld::Crash(bool lose_buffered) {
  answers_.clear();
  delivery.reset();
  outbox.reset();
  if (lose_buffered) store_.ForgetSome(random_);
  Boot();
}

void PostingWorld::Configure(ReceiversAndRoutes config) {
  config_ = std::make_shared<const ReceiversAndRoutes>(std::move(config));
  delivery->SetReceivers(config_);
}

void PostingWorld::Publish(state::v1::DesiredPage& page, const std::string& severity) {
  page.set_sequence(page.sequence() + 1);
  page.set_severity(severity);
  page.set_changed_ms(now.millis());
  page.set_labels(std::string(
      Labels({{"alertname", "Checkout"}, {"service", page.alias()}, {"severity", severity}})
          .canonical()));
  storage::WriteBatch batch;
  TOCSIN_CHECK(outbox->Stage(page, batch).ok());
  TOCSIN_CHECK(store_.Write(batch, storage::Durability::kSynced).ok());
  outbox->Publish(page, /*committed=*/true);
}

void PostingWorld::Open(const std::string& alias, const std::string& severity) {
  state::v1::DesiredPage& page = pages_[alias];
  page.set_alias(alias);
  page.set_open(true);
  page.set_episode(page.episode() + 1);
  page.set_rule("checkout-latency");
  page.set_value(950);
  page.set_condition("> 900");
  page.set_since_ms(now.millis() - 60'000);
  (*page.mutable_annotations())["summary"] = absl::StrCat(alias, " is slow");
  Publish(page, severity);
}

void PostingWorld::Change(const std::string& alias, const std::string& severity) {
  Publish(pages_.at(alias), severity);
}

void PostingWorld::Close(const std::string& alias) {
  state::v1::DesiredPage& page = pages_.at(alias);
  page.set_open(false);
  page.set_reason("recovered");
  Publish(page, page.severity());
}

bool PostingWorld::IsOpen(const std::string& alias) const {
  const auto it = pages_.find(alias);
  return it != pages_.end() && it->second.open();
}

std::map<std::string, std::string> PostingWorld::Wanted() const {
  std::map<std::string, std::string> out;
  for (const auto& [alias, page] : pages_) {
    if (page.open()) out.emplace(alias, page.severity());
  }
  return out;
}

bool PostingWorld::SendOne() {
  auto work = delivery->Take(now);
  if (!work) return false;
  auto response = sim.Handle(work->request(), now);
  answers_.emplace((now + latency).millis(), Answer{std::move(*work), std::move(response)});
  return true;
}

bool PostingWorld::CompleteOne() {
  if (answers_.empty() || answers_.begin()->first > now.millis()) return false;
  const Answer answer = std::move(answers_.begin()->second);
  answers_.erase(answers_.begin());
  delivery->Complete(answer.work, answer.response, now);
  return true;
}

void PostingWorld::Run(absl::Duration span) {
  const Timestamp end = now + span;
  for (;;) {
    while (CompleteOne()) {
    }
    while (SendOne()) {
    }
    Timestamp next = std::min(end, delivery->NextDue(now));
    if (!answers_.empty()) next = std::min(next, Timestamp::FromMillis(answers_.begin()->first));
    if (now >= end && next >= end) break;
    TOCSIN_CHECK(next > now || !answers_.empty()) << "delivery is due but takes nothing";
    now = std::max(next, now);
  }
  sim.AdvanceTo(now);
}

double PostingWorld::Metric(const std::string& line_start) const {
  for (const auto line : absl::StrSplit(metrics.ExpositionText(), '\n')) {
    double value = 0;
    if (absl::StartsWith(line, line_start) &&
        absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) {
      return value;
    }
  }
  return -1;
}

const TargetDelivery PostingWorld::Record(const std::string& alias) const {
  const auto entry = outbox->Find(alias);
  TOCSIN_CHECK(entry.has_value() && entry->progress.targets_size() == 1) << alias;
  return entry->progress.targets(0);
}

ReceiversAndRoutes WebhookOnly() {
  ReceiversAndRoutes config;
  config.receivers["payments"].name = "payments";
  config.receivers["payments"].webhook_configs.push_back(
      {.url = Secret("https://webhook.example/hook/t0ken-marker")});
  config.route.receiver = "payments";
  return config;
}

ReceiversAndRoutes AlertmanagerOnly() {
  ReceiversAndRoutes config = WebhookOnly();
  config.receivers["payments"].webhook_configs.clear();
  config.receivers["payments"].alertmanager_configs.push_back(
      {.url = "https://alertmanager.example"});
  return config;
}

ReceiversAndRoutes PagerdutyOnly() {
  ReceiversAndRoutes config = WebhookOnly();
  config.receivers["payments"].webhook_configs.clear();
  config.receivers["payments"].pagerduty_configs.push_back(
      {.url = "https://pagerduty.example/v2/enqueue", .routing_key = Secret("r0uting-marker")});
  return config;
}

}  // namespace tocsin::delivery
