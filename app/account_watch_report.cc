#include "app/account_watch_report.h"

#include "base/log.h"

namespace tocsin::app {
namespace {

using delivery::TargetKey;
using opsgenie::PingOutcome;
using opsgenie::ProbeFinding;

LogLevel LevelOf(const ProbeFinding& finding) {
  return finding.level == ProbeFinding::Level::kError ? LogLevel::kError : LogLevel::kWarning;
}

void LogPing(const TargetKey& target, PingOutcome outcome, const std::string& why) {
  const bool well = outcome == PingOutcome::kSent;
  Log(well ? LogLevel::kInfo : LogLevel::kWarning,
      well                                ? "heartbeat goes on"
      : outcome == PingOutcome::kWithheld ? "heartbeat withheld: pages cannot be relied on"
                                          : "heartbeat not sent",
      {{"receiver", target.receiver},
       {"target", static_cast<uint64_t>(target.index)},
       {"outcome", PingOutcomeName(outcome)},
       {"error", why}});
}

}  // namespace

void AccountWatchReport::Configure(const std::vector<Watched>& all) {
  const auto before = std::exchange(targets_, {});
  for (const Watched& watched : all) {
    Target& target = targets_[watched.target];
    if (const auto known = before.find(watched.target); known != before.end()) {
      target.findings = known->second.findings;
      target.open = known->second.open;
    }
    if (!watched.has_heartbeat) continue;
    for (int i = 0; i < opsgenie::kPingOutcomes; ++i) {
      Heartbeats(watched.target.receiver, PingOutcome(i));
    }
  }
  for (const auto& [key, target] : before) {
    ShowFindings(key.receiver);
    if (target.open) ShowOpen(key.receiver);
  }
}

void AccountWatchReport::Checked(const TargetKey& key, const std::vector<ProbeFinding>& findings) {
  Target& target = targets_[key];
  target.findings.clear();
  for (const ProbeFinding& finding : findings) {
    ++target.findings[finding.code];
    if (!target.told.insert(finding.text).second) continue;
    Log(LevelOf(finding), "receiver check",
        {{"receiver", key.receiver},
         {"target", static_cast<uint64_t>(key.index)},
         {"code", finding.code},
         {"error", finding.text}});
  }
  if (findings.empty()) {
    Log(LogLevel::kInfo, "receiver check found nothing wrong",
        {{"receiver", key.receiver}, {"target", static_cast<uint64_t>(key.index)}});
  }
  ShowFindings(key.receiver);
}

void AccountWatchReport::Pinged(const TargetKey& key, PingOutcome outcome, const std::string& why) {
  Heartbeats(key.receiver, outcome).Increment();
  Target& target = targets_[key];
  const PingOutcome before = target.last_ping.value_or(PingOutcome::kSent);
  target.last_ping = outcome;
  if (outcome != before) LogPing(key, outcome, why);
}

void AccountWatchReport::Listed(const TargetKey& key, size_t open) {
  targets_[key].open = open;
  ShowOpen(key.receiver);
}

void AccountWatchReport::ListingFailed(const TargetKey& key, const std::string& error) {
  bool& failed = targets_[key].listing_failed;
  if (failed == !error.empty()) return;
  failed = !failed;
  Log(failed ? LogLevel::kWarning : LogLevel::kInfo,
      failed ? "open alerts cannot be listed: what people do there may be noticed late or not"
             : "open alerts are listed again",
      {{"receiver", key.receiver}, {"target", static_cast<uint64_t>(key.index)}, {"error", error}});
}

prometheus::Counter& AccountWatchReport::Heartbeats(const std::string& receiver,
                                                    PingOutcome outcome) {
  return metrics_.Counter("tocsin_heartbeats_total", "Pings of OpsGenie's heartbeats.",
                          {{"receiver", receiver}, {"outcome", PingOutcomeName(outcome)}});
}

void AccountWatchReport::ShowFindings(const std::string& receiver) {
  std::map<std::string, int> counts;
  for (const auto& [key, target] : targets_) {
    if (key.receiver != receiver) continue;
    for (const auto& [code, count] : target.findings) counts[code] += count;
  }
  for (const auto& [code, count] : counts) shown_.insert({receiver, code});
  for (const auto& [shown_receiver, code] : shown_) {
    if (shown_receiver != receiver) continue;
    metrics_
        .Gauge("tocsin_receiver_probe_findings",
               "What the newest check of a receiver found wrong, by code.",
               {{"receiver", receiver}, {"code", code}})
        .Set(counts.count(code) > 0 ? counts.at(code) : 0);
  }
}

void AccountWatchReport::ShowOpen(const std::string& receiver) {
  size_t open = 0;
  for (const auto& [key, target] : targets_) {
    if (key.receiver == receiver) open += target.open.value_or(0);
  }
  metrics_
      .Gauge("tocsin_receiver_open_alerts",
             "Open alerts of ours that the receiver's accounts had when they were last listed.",
             {{"receiver", receiver}})
      .Set(static_cast<double>(open));
}

}  // namespace tocsin::app
