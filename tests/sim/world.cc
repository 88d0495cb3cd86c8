#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/world_call.h"

namespace tocsin::simulation {
namespace {

constexpr Timestamp kEpoch = Timestamp::FromMillis(1'700'000'000'000);
constexpr int64_t kLookMs = 1000;           // loops look at the clock at least so often
constexpr int64_t kConvergeMs = 3'000'000;  // pages given up and accounts blocked are tried by then
constexpr size_t kWorkers = 8;

}  // namespace

World::World(const Plan& plan, Trace& trace, Findings& findings)
    : plan_(plan),
      trace_(trace),
      findings_(findings),
      dice_(plan.seed, 3),
      delivery_random_(plan.seed + 4),
      receiver_(plan.receiver),
      traffic_(plan, plan.seed),
      rule_maker_(plan.seed),
      rules_(rule_maker_.Rules()),
      shards_(plan.shards) {
  clock_.AdvanceTo(kEpoch);
  wire_.latency = absl::Milliseconds(plan.latency_ms);
  wire_.in_flight_max = kWorkers;
}

World::~World() = default;

Timestamp World::TrueNow() const {
  return kEpoch + absl::Milliseconds(now_ms_);
}

void World::AdvanceTo(int64_t at_ms) {
  clock_.AdvanceTo(clock_.Now() + absl::Milliseconds(at_ms - now_ms_));
  now_ms_ = at_ms;
}

void World::Run() {
  while (!findings_.any() && now_ms_ < plan_.faulty_ms) {
    Step();
    AdvanceTo(std::min(NextEvent(), plan_.faulty_ms));
  }
  if (findings_.any()) return;
  Calm();
  Converge();
}

void World::Converge() {
  const int64_t end_ms = now_ms_ + kConvergeMs;
  std::string unsettled = "nothing was tried";
  while (!findings_.any() && !unsettled.empty() && now_ms_ < end_ms) {
    const int64_t look_ms = now_ms_ + 10'000;
    while (!findings_.any() && now_ms_ < look_ms) {
      Step();
      AdvanceTo(std::min(NextEvent(), look_ms));
    }
    unsettled = Unsettled();
  }
  if (!unsettled.empty()) {
    findings_.Fail(absl::StrCat("long after all faults: ", unsettled));
  }
}

// Why things are not at rest; empty: they are.
std::string World::Unsettled() const {
  if (service_ == nullptr) return "the service is down";
  const auto owed = service_->engine().outbox().OldestUnsettledMillis();
  if (owed) return absl::StrCat("the outbox owes a page since ", *owed);
  std::string difference = ledger_.Difference(receiver_, kEpoch.millis());
  if (!difference.empty()) return difference;
  const size_t entries = service_->engine().outbox().size();
  if (entries != ledger_.open()) {
    return absl::StrCat("the outbox has ", entries, " entries for ", ledger_.open(), " open pages");
  }
  return "";
}

int64_t World::NextOfService() const {
  if (now_ms_ < stalled_until_ms_) return stalled_until_ms_;
  int64_t next = service_->work_waits() ? commit_at_ms_ : INT64_MAX;
  for (size_t i = 0; i < oracles_.size(); ++i) {
    const Timestamp due = service_->engine().shard(i).NextDue();
    const int64_t by_time =
        now_ms_ + std::clamp<int64_t>((due - clock_.Now()) / absl::Milliseconds(1), 0, kLookMs);
    const int64_t wanted =
        service_->inbox_empty(i) ? std::min(by_time, shard_ran_ms_[i] + kLookMs) : now_ms_;
    next = std::min(next, std::max(wanted, shard_pause_ms_[i]));
  }
  const Timestamp answer = wire_.NextAnswer();
  if (answer != Timestamp::Max()) next = std::min(next, (answer - kEpoch) / absl::Milliseconds(1));
  if (wire_.Takes()) {
    const Timestamp due = service_->delivery().NextDue(clock_.Now());
    const absl::Duration wait = std::max(due - clock_.Now(), absl::ZeroDuration());
    next = std::min(next, now_ms_ + std::min<int64_t>(wait / absl::Milliseconds(1), kLookMs));
  }
  return next;
}

int64_t World::NextEvent() const {
  int64_t next = traffic_.NextDue();
  if (!calm_) next = std::min(next, next_act_ms_);
  next = std::min(next, service_ == nullptr ? up_at_ms_ : NextOfService());
  return std::max(next, now_ms_ + 1);
}

void World::Step() {
  if (!calm_ && now_ms_ >= next_act_ms_) Act();
  if (service_ == nullptr && now_ms_ >= up_at_ms_) Start();
  traffic_.Produce(now_ms_, clock_.Now().millis());
  SendRequests();
  if (Up() && service_->work_waits() && now_ms_ >= commit_at_ms_) CommitSamples();
  for (size_t i = 0; Up() && i < oracles_.size() && !findings_.any(); ++i) {
    if (now_ms_ < shard_pause_ms_[i]) continue;
    const bool due = service_->engine().shard(i).NextDue() <= clock_.Now() ||
                     now_ms_ >= shard_ran_ms_[i] + kLookMs || !service_->inbox_empty(i);
    if (due) RunShard(i);
  }
  RunDelivery();
  ledger_.ReadJournal(receiver_, now_ms_);
}

void World::SendRequests() {
  Request request;
  while (traffic_.Take(now_ms_, request)) {
    if (!Up()) {
      traffic_.Retry(std::move(request), now_ms_);
      continue;
    }
    const uint64_t id = request.id;
    asked_[id] = std::move(request);
    const auto done = [this, id](const absl::Status& status) {
      const auto found = asked_.find(id);
      if (status.ok()) {
        Note(absl::StrCat("request ", id, " acknowledged"));
      } else {
        Note(absl::StrCat("request ", id, " refused"));
        traffic_.Retry(std::move(found->second), now_ms_);
      }
      asked_.erase(found);
    };
    if (!Call("send", [&] { service_->Send(asked_.at(id).points, done); })) return;
  }
}

void World::CommitSamples() {
  commit_at_ms_ = now_ms_;
  if (!calm_ && plan_.slow && dice_.OneIn(10)) commit_at_ms_ += dice_.Between(500, 12'000);
  Committed::Batch failed;
  // What is doubted has to be known before the process can be dead.
  Call("commit", [&] {
    service_->Commit(failed);
    if (failed.empty()) return;
    Note(absl::StrCat("commit of ", failed.size(), " samples failed"));
    committed_.Doubt(std::move(failed));
  });
  if (Up() && dice_.Chance(plan_.closes_block)) CloseBlock();
}

void World::CloseBlock() {
  const Timestamp until = clock_.Now() - absl::Milliseconds(dice_.Between(-1'000, 300'000));
  Call("block", [&] {
    const auto closed = service_->engine().log().CloseBlock(until);
    Note(absl::StrCat("block: ", closed.ok() ? (*closed ? "closed" : "nothing") : "failed"));
  });
}

void World::RunShard(size_t i) {
  shard_ran_ms_[i] = now_ms_;
  if (!calm_ && plan_.slow && dice_.OneIn(60)) {
    shard_pause_ms_[i] = now_ms_ + dice_.Between(200, 9'000);
  }
  ShardOracle& oracle = oracles_[i];
  engine::Shard& shard = service_->engine().shard(i);
  Round round;
  round.alerts_max = plan_.limits.alerts_per_rule_max;
  const auto apply = [&] {
    for (const Committed::Batch& batch : service_->Apply(i)) oracle.Apply(batch);
  };
  const auto evaluate = [&] {
    storage::Outbox& outbox = service_->engine().outbox();
    round.now = clock_.Now();
    round.monotonic = clock_.Monotonic();
    round.refusing = service_->Refusing();
    oracle.Before(shard, round.now, round.monotonic);
    const absl::Status status = service_->Evaluate(i, round.written);
    // Entries only come during a round: full now is full when it mattered.
    round.outbox_full = outbox.size() >= plan_.limits.outbox_entries_max;
    round.registry_full = service_->engine().registry().size() >= plan_.limits.series_max;
    round.committed = status.ok();
    oracle.After(shard, committed_, round);
    ledger_.AfterRound(oracle, outbox, round, now_ms_);
    if (outbox.size() > outbox_entries_max_) findings_.Fail("outbox_entries_max is exceeded");
    Note(absl::StrCat("shard ", i, status.ok() ? "" : " (not written)", " wrote ",
                      round.written.size(), ", ", ledger_.open(), " fire"));
  };
  if (Call("apply", apply)) Call("evaluate", evaluate);
}

void World::RunDelivery() {
  bool more = true;
  while (Up() && more && !findings_.any()) {
    const bool alive = Call(
        "answer", [&] { more = wire_.CompleteOne(service_->delivery(), clock_.Now(), TrueNow()); });
    if (!alive) return;
  }
  more = true;
  while (Up() && more && !findings_.any()) {
    const uint64_t before = receiver_.journal().empty() ? 0 : receiver_.journal().back().number;
    const bool alive = Call("request", [&] {
      more = wire_.SendOne(service_->delivery(), clock_.Now(), TrueNow());
      if (!more) return;
      const sim::JournalEntry& entry = receiver_.journal().back();
      if (entry.number == before) return;
      const std::string path = entry.target.substr(0, entry.target.find('?'));
      std::string alias;
      if (entry.method == "POST" && absl::EndsWith(path, "/v2/alerts")) {
        alias = sim::Json::parse(entry.body)["alias"].get<std::string>();
        ledger_.CheckCreate(alias, service_->engine().outbox());
      }
      Note(absl::StrCat(entry.method, " ", path.substr(path.find("/v2/")), " ", alias, " ",
                        entry.verdict));
    });
    if (!alive) return;
  }
  receiver_.AdvanceTo(TrueNow());
}

}  // namespace tocsin::simulation
