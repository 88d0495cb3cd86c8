#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "engine/recovery.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

constexpr size_t kInboxBytesMax = 64 << 20;
constexpr absl::Duration kForgetInterval = absl::Minutes(1);

constexpr absl::Duration kStuck = absl::Seconds(10);

template <typename Fn>
void ForEachQuery(const rules::RuleSet& rules, Fn&& fn) {
  const auto in_templates = [&](const rules::TemplatedMap& texts) {
    for (const auto& [name, text] : texts) {
      for (const std::string& query : text.compiled->Queries()) {
        // What does not parse was refused when the rules were loaded.
        if (const promql::ParseResult parsed = promql::ParseExpr(query); !parsed.error) {
          fn(*parsed.expr);
        }
      }
    }
  };
  for (const rules::Group& group : rules.groups) {
    for (const rules::GroupRule& rule : group.rules) {
      std::visit([&](const auto& r) { fn(*r.query.expr); }, rule);
      if (const auto* alert = std::get_if<rules::AlertRule>(&rule)) {
        in_templates(alert->labels);
        in_templates(alert->annotations);
      }
    }
  }
  for (const rules::Monitor& monitor : rules.monitors) {
    fn(*monitor.query.expr);
    in_templates(monitor.labels);
    in_templates(monitor.annotations);
  }
}

absl::Duration MaxReach(const rules::RuleSet& rules) {
  absl::Duration reach;
  ForEachQuery(rules, [&](const promql::Expr& expr) {
    for (const SelectorNeed& need : QueryEngine::Needs(expr, QueryOptions())) {
      reach = std::max(reach, need.reach);
    }
  });
  return reach;
}

// The ids of the alert rules and monitors that `owns` picks.
std::vector<std::string> OwnedRuleIds(const rules::RuleSet& rules, const Owns& owns) {
  std::vector<std::string> ids;
  for (const rules::Group& group : rules.groups) {
    if (!owns(OwnerKey(group))) continue;
    absl::flat_hash_map<std::string, size_t> duplicates;
    for (const rules::GroupRule& rule : group.rules) {
      const auto* alert = std::get_if<rules::AlertRule>(&rule);
      if (alert == nullptr) continue;
      ids.push_back(AlertRuleId(group, *alert, duplicates[AlertRuleId(group, *alert, 0)]++));
    }
  }
  for (const rules::Monitor& monitor : rules.monitors) {
    if (owns(OwnerKey(monitor))) ids.push_back(MonitorId(monitor));
  }
  return ids;
}

}  // namespace

Engine::Engine(EngineOptions options, storage::Store& store, storage::Outbox& outbox,
               storage::SampleLog& log, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      store_(store),
      log_(log),
      clock_(clock),
      metrics_(metrics),
      evaluation_metrics_(metrics),
      registry_(options_.shard.limits),
      input_(clock),
      committer_(registry_, log, input_, options_.shard.limits.ingest_queue_bytes_max, metrics,
                 [this](std::shared_ptr<const CommittedBatch> batch) {
                   for (auto& shard : shards_) shard->Post(batch);
                 }),
      history_sweep_(store, absl::Hours(24) * options_.shard.limits.history_days),
      alive_(metrics.Gauge("tocsin_start_time_seconds", "When this process began to evaluate.")) {
  TOCSIN_CHECK(options_.shards >= 1 && options_.shards <= 64) << options_.shards;
  const ShardDependencies dependencies{
      store, outbox, log, registry_, *this, input_, evaluation_metrics_, clock_};
  ShardOptions shard = options_.shard;
  for (shard.number = 0; shard.number < options_.shards; ++shard.number) {
    shards_.push_back(std::make_unique<ShardThread>(std::make_unique<Shard>(dependencies, shard),
                                                    clock_, kInboxBytesMax));
  }
  metrics.OnExposition([this] { UpdateGauges(); });
}

Engine::~Engine() {
  metrics_.OnExposition(nullptr);
  Stop();
}

Owns Engine::OwnedBy(size_t shard) const {
  return [shard, shards = options_.shards](const std::string& owner_key) {
    return Hash64(owner_key) % shards == shard;
  };
}

absl::Status Engine::Recover(std::shared_ptr<const rules::RuleSet> rules) {
  const Timestamp now = clock_.Now();
  TOCSIN_ASSIGN_OR_RETURN(Resumed recovered, RecoverState(store_, log_, now, registry_));
  reach_ms_ = absl::ToInt64Milliseconds(MaxReach(*rules));
  AlertsByRule& alerts = recovered.alerts;
  size_t alert_count = 0;
  for (const auto& [rule_id, instances] : alerts) alert_count += instances.size();
  for (size_t i = 0; i < shards_.size(); ++i) {
    // The owner of a rule's alerts is the owner of the rule; alerts of vanished rules go to the
    // last shard.
    Resumed share{{}, recovered.evaluated, recovered.hold_until};
    for (const std::string& rule_id : OwnedRuleIds(*rules, OwnedBy(i))) {
      if (auto node = alerts.extract(rule_id)) share.alerts.insert(std::move(node));
    }
    if (i + 1 == shards_.size()) share.alerts.merge(alerts);
    TOCSIN_RETURN_IF_ERROR(shards_[i]->shard().Resume(rules, OwnedBy(i), now, std::move(share)));
  }
  TOCSIN_RETURN_IF_ERROR(ForgetClocksFrom(store_, shards_.size()));
  committer_.Recovered();
  Log(LogLevel::kInfo, "state recovered",
      {{"series", static_cast<uint64_t>(registry_.size())},
       {"alerts", static_cast<uint64_t>(alert_count)},
       {"log_end", log_.next_offset()},
       {"gap_seconds", absl::ToDoubleSeconds(now - recovered.evaluated)}});
  return absl::OkStatus();
}

void Engine::Start() {
  alive_.Set(clock_.Now().seconds());
  for (auto& shard : shards_) shard->Start();
  commit_thread_ = std::thread([this] { CommitLoop(); });
}

void Engine::Stop() {
  // What rules record in the last evaluation is committed too. A sample that is committed after it
  // is evaluated by the next start.
  for (auto& shard : shards_) shard->Stop();
  committer_.Close();
  if (commit_thread_.joinable()) commit_thread_.join();
}

void Engine::CommitLoop() {
  while (committer_.WaitForWork()) {
    for (auto& shard : shards_) shard->AwaitRoom();
    const Timestamp now = clock_.Now();
    committer_.CommitWaiting(now);
    if (now - forgot_at_ >= kForgetInterval || now < forgot_at_) ForgetOld(now);
  }
}

absl::Duration Engine::LateMax() const {
  return absl::Milliseconds(options_.shard.limits.past_ms_max);
}

void Engine::ForgetOld(Timestamp now) {
  forgot_at_ = now;
  const absl::Duration reach =
      absl::Milliseconds(reach_ms_.load() + options_.shard.limits.future_ms_max);
  const absl::Status cut = log_.CutBefore(now - std::max(options_.retention, reach));
  if (!cut.ok()) {
    Log(LogLevel::kWarning, "log could not be cut", {{"error", cut.ToString()}});
  }
  if (const auto swept = history_sweep_.Step(now); !swept.ok()) {
    Log(LogLevel::kWarning, "history could not be cut", {{"error", swept.status().ToString()}});
  }
}

absl::StatusOr<SeriesRef> Engine::Resolve(const Labels& labels) {
  return registry_.Resolve(labels);
}
absl::StatusOr<SeriesRef> Engine::ResolveFrom(absl::string_view sender, const Labels& labels) {
  return registry_.Resolve(labels, sender);
}

void Engine::Submit(SampleBatch batch, Done done) {
  committer_.Submit(std::move(batch), std::move(done));
}

absl::Status Engine::Reload(std::shared_ptr<const rules::RuleSet> rules) {
  const Timestamp now = clock_.Now();
  reach_ms_ = std::max(reach_ms_.load(), absl::ToInt64Milliseconds(MaxReach(*rules)));
  std::vector<std::unique_ptr<ShardPlan>> plans;
  for (size_t i = 0; i < shards_.size(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(auto plan, shards_[i]->shard().Prepare(rules, OwnedBy(i), now));
    plans.push_back(std::move(plan));
  }
  absl::Status status;
  for (size_t i = 0; i < shards_.size(); ++i) {
    const bool ran = shards_[i]->Run([&](Shard& shard) {
      if (shard.rules()->revision == rules->revision) return;
      status.Update(shard.Install(std::move(plans[i]), clock_.Now()));
    });
    if (!ran) return absl::UnavailableError("the service is stopping");
  }
  return status;
}

std::string Engine::Trouble() const {
  const absl::Duration monotonic = clock_.Monotonic();
  for (size_t i = 0; i < shards_.size(); ++i) {
    const ShardThread::Pulse pulse = shards_[i]->pulse();
    const absl::Duration silent = monotonic - pulse.beat;
    if (silent >= kStuck) {
      return absl::StrCat("shard ", i, " has not evaluated for ", absl::ToInt64Seconds(silent),
                          " s");
    }
    if (pulse.commit_owed) return "alert state cannot be written";
  }
  if (input_.RefusingFor(monotonic) >= kStuck) return "samples are refused";
  return "";
}

void Engine::UpdateGauges() {
  const absl::Duration monotonic = clock_.Monotonic();
  absl::Duration lag;
  for (const auto& shard : shards_) {
    const ShardThread::Pulse pulse = shard->pulse();
    // What was on time when the shard was last heard of has waited since, less its longest sleep.
    const absl::Duration silent = monotonic - pulse.beat - absl::Seconds(1);
    lag = std::max({lag, pulse.lag, silent});
  }
  evaluation_metrics_.lag_seconds.Set(absl::ToDoubleSeconds(lag));
}

absl::StatusOr<AdhocResult> Engine::Query(const promql::Expr& expr, Timestamp t,
                                          std::function<bool()> expired) const {
  AdhocLimits limits;
  limits.samples_max = options_.shard.limits.query_samples_max;
  limits.late = LateMax();
  limits.ahead = absl::Milliseconds(options_.shard.limits.future_ms_max);
  limits.expired = std::move(expired);
  return RunAdhocQuery(expr, {.at = t, .now = clock_.Now()}, registry_, log_, limits,
                       MakeQueryOptions(options_.shard));
}

void Engine::ForEachShard(const std::function<void(const Shard&)>& fn) {
  for (auto& shard : shards_) {
    shard->Run([&](Shard& s) { fn(s); });
  }
}

}  // namespace tocsin::engine
