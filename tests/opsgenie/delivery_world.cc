#include "tests/opsgenie/delivery_world.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/labels.h"
#include "integrations/opsgenie/request.h"

namespace tocsin::delivery {

absl::Status ForgetfulStore::Write(const storage::WriteBatch& batch,
                                   storage::Durability durability) {
  using Kind = storage::WriteBatch::Kind;
  if (durability == storage::Durability::kSynced) {
    undo_.clear();
    return store_.Write(batch, durability);
  }
  storage::WriteBatch undo;
  for (const auto& operation : batch.operations()) {
    TOCSIN_CHECK(operation.kind != Kind::kDeleteRange);
    const auto old = store_.Get(operation.family, operation.key);
    TOCSIN_CHECK(old.ok());
    if (*old)
      undo.Put(operation.family, operation.key, **old);
    else
      undo.Delete(operation.family, operation.key);
  }
  undo_.push_back(std::move(undo));
  return store_.Write(batch, durability);
}

void ForgetfulStore::ForgetSome(Random& random) {
  size_t lost = undo_.empty() ? 0 : random.Next() % (undo_.size() + 1);
  for (; lost > 0; --lost) {
    TOCSIN_CHECK(store_.Write(undo_.back(), storage::Durability::kSynced).ok());
    undo_.pop_back();
  }
  undo_.clear();
}

std::string ExpandSeverity(const std::string& text, const state::v1::DesiredPage& page) {
  return text == "{{severity}}" ? page.severity() : text;
}

DeliveryWorld::DeliveryWorld(ReceiversAndRoutes the_config, sim::SimOptions options, uint64_t seed,
                             routing::Suppressor* suppressor, page::Expander expander)
    : sim(std::move(options)),
      config(std::make_shared<const ReceiversAndRoutes>(std::move(the_config))),
      suppressor_(suppressor),
      expander_(std::move(expander)),
      random_(seed) {
  Boot();
}

DeliveryWorld::~DeliveryWorld() = default;

void DeliveryWorld::Boot() {
  outbox = std::make_unique<storage::Outbox>(store, 10'000);
  TOCSIN_CHECK(outbox->Recover().ok());
  delivery = std::make_unique<Delivery>(*outbox, metrics, random_, expander_, config,
                                        DeliveryOptions{.suppressor = suppressor_});
  outbox->SetListener([this](const std::string& alias) { delivery->Notify(alias); });
  delivery->Start(now);
}

void DeliveryWorld::Crash(bool lose_buffered) {
  wire_.Cut();
  delivery.reset();
  outbox.reset();
  if (lose_buffered) store.ForgetSome(random_);
  Boot();
}

void DeliveryWorld::StepClock(absl::Duration step) {
  now = now + step;
  stepped_ += step;
  delivery->ClockStepped(step);
}

void DeliveryWorld::Publish(const state::v1::DesiredPage& page) {
  storage::WriteBatch batch;
  TOCSIN_CHECK(outbox->Stage(page, batch).ok());
  TOCSIN_CHECK(store.Write(batch, storage::Durability::kSynced).ok());
  outbox->Publish(page, /*committed=*/true);
}

void DeliveryWorld::Open(const std::string& alias, const std::string& severity,
                         const std::string& team) {
  state::v1::DesiredPage& page = pages_[alias];
  const uint64_t episode = page.episode() + (page.open() ? 0 : 1);
  page.set_alias(alias);
  page.set_open(true);
  page.set_episode(episode);
  page.set_sequence(page.sequence() + 1);
  page.set_rule("checkout-latency");
  page.set_severity(severity);
  page.set_value(950);
  page.set_condition("> 900");
  page.set_since_ms(now.millis());
  page.set_changed_ms(now.millis());
  page.set_cause_committed_ms(now.millis());
  const Labels labels = {
      {"alertname", "Checkout"}, {"service", alias}, {"severity", severity}, {"team", team}};
  page.set_labels(std::string(labels.canonical()));
  (*page.mutable_annotations())["summary"] = absl::StrCat(alias, " is ", severity);
  Publish(page);
}

void DeliveryWorld::Change(const std::string& alias, const std::string& severity,
                           const std::string& summary) {
  state::v1::DesiredPage& page = pages_[alias];
  page.set_sequence(page.sequence() + 1);
  page.set_severity(severity);
  const Labels labels =
      LabelsBuilder(*Labels::FromCanonical(page.labels())).Set("severity", severity).Build();
  page.set_labels(std::string(labels.canonical()));
  page.set_changed_ms(now.millis());
  (*page.mutable_annotations())["summary"] = summary;
  Publish(page);
}

void DeliveryWorld::Close(const std::string& alias) {
  state::v1::DesiredPage& page = pages_[alias];
  page.set_sequence(page.sequence() + 1);
  page.set_open(false);
  page.set_reason("recovered");
  page.set_changed_ms(now.millis());
  Publish(page);
}

void DeliveryWorld::CloseByHand(const std::string& alias) {
  const opsgenie::AlertRef ref{opsgenie::AlertRef::Type::kAlias, alias};
  sim.Handle(opsgenie::CloseAlert(TestTarget(), ref, "by hand"), SimNow());
  Run(absl::Seconds(1));
}

void DeliveryWorld::ByHand(const std::string& alias, sim::ActionKind kind, sim::Json body) {
  sim::PendingAction action;
  action.kind = kind;
  action.identifier_type = sim::IdentifierType::kAlias;
  action.identifier = alias;
  body["user"] = "ann@x.example";
  body["source"] = "web";
  action.body = std::move(body);
  const auto result = sim.Act(std::move(action), SimNow());
  TOCSIN_CHECK(result.ok() && result->success) << result.status();
}

void DeliveryWorld::HearWebhooks() {
  for (const sim::SimWebhook& webhook : sim.TakeWebhooks(SimNow())) {
    const auto event = opsgenie::ParseWebhook(webhook.body);
    TOCSIN_CHECK(event.ok()) << event.status();
    if (hears_) delivery->TakeWebhook("payments", *event, now);
  }
}

void DeliveryWorld::List(const TargetKey& target) {
  opsgenie::ListedCycle cycle;
  cycle.began = now;
  for (const auto& [id, alert] : sim.alerts()) {
    if (!alert.open) continue;
    opsgenie::RemoteAlert listed;
    listed.id = id;
    listed.alias = alert.alias;
    listed.open = true;
    listed.acknowledged = alert.acknowledged;
    listed.snoozed = alert.snoozed_until_ms != 0;
    if (listed.snoozed) listed.snoozed_until = Timestamp::FromMillis(alert.snoozed_until_ms);
    cycle.alerts.push_back(std::move(listed));
  }
  delivery->TakeListed(target, cycle, now);
}

bool DeliveryWorld::IsOpen(const std::string& alias) const {
  const auto it = pages_.find(alias);
  return it != pages_.end() && it->second.open();
}

std::vector<std::string> DeliveryWorld::OpenAliases() const {
  std::vector<std::string> out;
  for (const auto& [alias, page] : pages_) {
    if (page.open()) out.push_back(alias);
  }
  return out;
}

Timestamp DeliveryWorld::NextEvent(Timestamp end) const {
  Timestamp next = std::min(end, delivery->NextDue(now));
  if (!wire_.idle()) next = std::min(next, wire_.NextAnswer() + stepped_);
  return std::max(next, now);
}

void DeliveryWorld::Run(absl::Duration span) {
  const Timestamp end = now + span;
  for (;;) {
    HearWebhooks();
    while (wire_.CompleteOne(*delivery, now, SimNow())) {
    }
    while (wire_.SendOne(*delivery, now, SimNow())) {
    }
    const Timestamp next = NextEvent(end);
    if (now >= end && next >= end) break;
    TOCSIN_CHECK(next > now || !wire_.idle()) << "delivery is due but takes nothing";
    now = next;
  }
  sim.AdvanceTo(SimNow());
}

std::vector<std::string> DeliveryWorld::RemoteOpen(const std::string& account) const {
  std::vector<std::string> out;
  for (const auto& [id, alert] : sim.alerts()) {
    if (alert.open && (account.empty() || alert.account == account)) out.push_back(alert.alias);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> DeliveryWorld::Refusals() const {
  std::vector<std::string> out;
  for (const sim::JournalEntry& entry : sim.journal()) {
    const bool refused = absl::StrContains(entry.verdict, "refused:") &&
                         !absl::StrContains(entry.verdict, "refused: key") &&
                         !absl::StrContains(entry.verdict, "refused: rate");
    if (refused) out.push_back(absl::StrCat(entry.method, " ", entry.target, " ", entry.verdict));
  }
  return out;
}

size_t DeliveryWorld::CountSent(const std::string& method, const std::string& path_part) const {
  return std::count_if(sim.journal().begin(), sim.journal().end(), [&](const auto& entry) {
    const std::string path = entry.target.substr(0, entry.target.find('?'));
    return entry.method == method && absl::EndsWith(path, path_part);
  });
}

double DeliveryWorld::Metric(const std::string& line_start) const {
  for (const auto line : absl::StrSplit(metrics.ExpositionText(), '\n')) {
    double value = 0;
    if (absl::StartsWith(line, line_start) &&
        absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) {
      return value;
    }
  }
  return -1;
}

opsgenie::OpsgenieConfig TestTarget() {
  opsgenie::OpsgenieConfig target;
  target.api_url = "https://api.example";
  target.api_key = Secret(kTestKey);
  target.responders = {{"team", "", "payments", ""}};
  target.tags = {"{{severity}}"};
  return target;
}

ReceiversAndRoutes TestConfig(const opsgenie::OpsgenieConfig& target) {
  ReceiversAndRoutes config;
  config.receivers["payments"] = {"payments", {target}};
  config.route.receiver = "payments";
  return config;
}

sim::SimOptions TestSim() {
  sim::SimOptions options;
  options.keys[kTestKey] = {};
  return options;
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

std::string Pages(const char* outcome) {
  return absl::StrCat("tocsin_pages_total{outcome=\"", outcome, "\",receiver=\"payments\"}");
}

const sim::SimAlert& OnlyAlert(const DeliveryWorld& world) {
  TOCSIN_CHECK(world.sim.alerts().size() == 1u);
  return world.sim.alerts().begin()->second;
}

}  // namespace tocsin::delivery
