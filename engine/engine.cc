#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/kill_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "engine/recovery.h"
#include "engine/sharding.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

constexpr size_t kInboxBytesMax = 64 << 20;

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
    if (monitor.composite == nullptr) fn(*monitor.query.expr);
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
      upkeep_({.retention = options_.retention,
               .recorded_bytes_max = options_.shard.limits.recorded_bytes_max,
               .history = absl::Hours(24) * options_.shard.limits.history_days,
               .block_span = options_.block_span},
              store, log, metrics),
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

absl::Status Engine::Recover(std::shared_ptr<const rules::RuleSet> rules) {
  const Timestamp now = clock_.Now();
  TOCSIN_ASSIGN_OR_RETURN(Resumed recovered, RecoverState(store_, log_, now, registry_));
  KillPoint("recovery.after_state");
  reach_ms_ = absl::ToInt64Milliseconds(MaxReach(*rules));
  size_t alert_count = 0;
  for (const auto& [rule_id, instances] : recovered.alerts) alert_count += instances.size();
  const Timestamp evaluated = recovered.evaluated;
  const Placement placement(*rules, shards_.size());
  std::vector<Resumed> shares = ShareOut(std::move(recovered), *rules, placement, shards_.size());
  TOCSIN_RETURN_IF_ERROR(ResumeShards(rules, placement, now, std::move(shares)));
  KillPoint("recovery.after_shards");
  TOCSIN_RETURN_IF_ERROR(ForgetClocksFrom(store_, shards_.size()));
  committer_.Recovered();
  Log(LogLevel::kInfo, "state recovered",
      {{"series", static_cast<uint64_t>(registry_.size())},
       {"alerts", static_cast<uint64_t>(alert_count)},
       {"log_end", log_.next_offset()},
       {"gap_seconds", absl::ToDoubleSeconds(now - evaluated)}});
  return absl::OkStatus();
}

// Each reads its own windows, which is what a start takes its time for.
absl::Status Engine::ResumeShards(const std::shared_ptr<const rules::RuleSet>& rules,
                                  const Placement& placement, Timestamp now,
                                  std::vector<Resumed> shares) {
  std::vector<absl::Status> statuses(shards_.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < shards_.size(); ++i) {
    threads.emplace_back([&, i] {
      statuses[i] =
          shards_[i]->shard().Resume(rules, placement.OwnedBy(i), now, std::move(shares[i]));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) TOCSIN_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

void Engine::Start() {
  alive_.Set(clock_.Now().seconds());
  for (auto& shard : shards_) shard->Start();
  commit_thread_ = std::thread([this] { CommitLoop(); });
  upkeep_thread_ = std::thread([this] { UpkeepLoop(); });
}

void Engine::Stop() {
  // What rules record in the last evaluation is committed too. A sample that is committed after it
  // is evaluated by the next start.
  for (auto& shard : shards_) shard->Stop();
  KillPoint("engine_stop.after_shards");
  committer_.Close();
  if (commit_thread_.joinable()) commit_thread_.join();
  {
    MutexLock lock(stopping_mutex_);
    stopping_ = true;
  }
  stopping_changed_.NotifyAll();
  log_.Interrupt();  // a large block may take minutes
  if (upkeep_thread_.joinable()) upkeep_thread_.join();
}

void Engine::CommitLoop() {
  while (committer_.WaitForWork()) {
    for (auto& shard : shards_) shard->AwaitRoom();
    committer_.CommitWaiting(clock_.Now());
  }
}

absl::Duration Engine::LateMax() const {
  return absl::Milliseconds(options_.shard.limits.past_ms_max);
}

void Engine::UpkeepLoop() {
  while (true) {
    {
      MutexLock lock(stopping_mutex_);
      if (!stopping_) stopping_changed_.WaitFor(stopping_mutex_, options_.upkeep_interval);
      if (stopping_) return;
    }
    // A sample may have been committed before the time it is dated.
    upkeep_.Step(clock_.Now(),
                 absl::Milliseconds(reach_ms_.load() + options_.shard.limits.future_ms_max));
  }
}

absl::StatusOr<SeriesRef> Engine::Resolve(const Labels& labels) {
  return registry_.Resolve(labels);
}
absl::StatusOr<SeriesRef> Engine::ResolveFrom(absl::string_view sender, const Labels& labels) {
  return registry_.Resolve(labels, sender);
}

void Engine::Submit(SampleBatch batch, Done done) {
  committer_.Submit({}, std::move(batch), std::move(done));
}
void Engine::SubmitFrom(absl::string_view sender, SampleBatch batch, Done done) {
  committer_.Submit(sender, std::move(batch), std::move(done));
}

absl::Status Engine::Reload(std::shared_ptr<const rules::RuleSet> rules) {
  const Timestamp now = clock_.Now();
  reach_ms_ = std::max(reach_ms_.load(), absl::ToInt64Milliseconds(MaxReach(*rules)));
  const Placement placement(*rules, shards_.size());
  std::vector<std::unique_ptr<ShardPlan>> plans;
  for (size_t i = 0; i < shards_.size(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(auto plan,
                            shards_[i]->shard().Prepare(rules, placement.OwnedBy(i), now));
    // Most of what came meanwhile: all shards stand still for the rest.
    TOCSIN_RETURN_IF_ERROR(shards_[i]->shard().CatchUp(*plan));
    plans.push_back(std::move(plan));
  }
  KillPoint("engine_reload.before_installation");
  absl::Status status;
  std::vector<Shard*> stopped;
  const bool ran = StopShards(stopped, [&] {
    if (stopped.front()->rules()->revision == rules->revision) return;
    status = InstallOnAll(stopped, std::move(plans), clock_.Now());
  });
  return ran ? status : absl::UnavailableError("the service is stopping");
}

// One after the other waits in its thread for those behind it. Always in this order, so that two
// who do it cannot wait for each other.
bool Engine::StopShards(std::vector<Shard*>& stopped, const std::function<void()>& fn) {
  if (stopped.size() == shards_.size()) {
    fn();
    return true;
  }
  bool all = false;
  const bool ran = shards_[stopped.size()]->Run([&](Shard& shard) {
    stopped.push_back(&shard);
    all = StopShards(stopped, fn);
  });
  return ran && all;
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

absl::Duration Engine::Lag() const {
  const absl::Duration monotonic = clock_.Monotonic();
  absl::Duration lag;
  for (const auto& shard : shards_) {
    const ShardThread::Pulse pulse = shard->pulse();
    // What was on time when the shard was last heard of has waited since, less its longest sleep.
    const absl::Duration silent = monotonic - pulse.beat - absl::Seconds(1);
    lag = std::max({lag, pulse.lag, silent});
  }
  return lag;
}

void Engine::UpdateGauges() {
  evaluation_metrics_.lag_seconds.Set(absl::ToDoubleSeconds(Lag()));
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

absl::StatusOr<std::string> Engine::TakeFeedback(const std::string& alias, Feedback feedback) {
  absl::StatusOr<std::string> taken = absl::UnavailableError("the service is stopping");
  for (auto& shard : shards_) {
    if (!shard->Run([&](Shard& s) { taken = s.TakeFeedback(alias, feedback); })) return taken;
    if (!absl::IsNotFound(taken.status())) return taken;
  }
  return taken;
}

void Engine::ForEachShard(const std::function<void(const Shard&)>& fn) {
  for (auto& shard : shards_) {
    shard->Run([&](Shard& s) { fn(s); });
  }
}

}  // namespace tocsin::engine
