#include "tests/sim/plan.h"

#include "absl/strings/str_cat.h"
#include "tests/opsgenie/delivery_world.h"
#include "tests/sim/dice.h"

namespace tocsin::simulation {
namespace {

void DrawLimits(Dice& dice, Limits& limits) {
  if (dice.OneIn(4)) limits.outbox_entries_max = static_cast<uint64_t>(dice.Between(1, 6));
  if (dice.OneIn(4)) limits.alerts_per_rule_max = static_cast<uint64_t>(dice.Between(1, 4));
  if (dice.OneIn(6)) limits.series_max = static_cast<uint64_t>(dice.Between(12, 30));
  if (dice.OneIn(4)) limits.ingest_queue_bytes_max = static_cast<uint64_t>(dice.Between(50, 2000));
}

void DrawReceiver(Dice& dice, Plan& plan) {
  plan.receiver = delivery::TestSim();
  plan.receiver.seed = dice.random().Next();
  plan.receiver.delay = absl::Milliseconds(dice.Below(dice.OneIn(3) ? 8000 : 300));
  plan.receiver.out_of_order = dice.OneIn(2);
  plan.receiver.strict_details = plan.receiver.strict_unknown_fields = true;
  if (dice.OneIn(4)) plan.receiver.per_second = static_cast<int>(dice.Between(3, 20));
  if (dice.OneIn(5)) plan.receiver.per_minute = static_cast<int>(dice.Between(100, 400));
  plan.receiver_faults = dice.OneIn(2);
  plan.receiver_outages = dice.OneIn(4);
  plan.latency_ms = dice.Between(1, dice.OneIn(2) ? 20 : 800);
}

void DrawProcess(Dice& dice, Plan& plan) {
  if (dice.OneIn(2)) plan.dies = dice.OneIn(3) ? 0.01 : 0.001;
  if (dice.OneIn(2)) plan.dies_in_write = dice.OneIn(3) ? 0.004 : 0.0005;
  plan.loses_power = dice.OneIn(2);
  const int64_t spans[] = {0, 900, 4'000, 20'000, 120'000, 3'600'000};
  plan.down_ms_max = spans[dice.Below(6)];
  plan.restarts = dice.OneIn(3);
  plan.reloads = dice.OneIn(3);
  plan.stalls = dice.OneIn(4);
}

void DrawDisk(Dice& dice, Plan& plan) {
  if (dice.OneIn(4)) plan.refuses_write = 0.01;
  if (dice.OneIn(4)) plan.tears_write = 0.01;
  plan.fills = dice.OneIn(5);
  plan.slow = dice.OneIn(4);
  if (dice.OneIn(2)) plan.closes_block = 0.05;
}

}  // namespace

Plan MakePlan(uint64_t seed) {
  Dice dice(seed, 0);
  Plan plan;
  plan.seed = seed;
  plan.faulty_ms = dice.Between(60, 600) * 1000;
  plan.shards = static_cast<size_t>(dice.Between(1, 4));
  DrawLimits(dice, plan.limits);
  DrawReceiver(dice, plan);
  DrawProcess(dice, plan);
  DrawDisk(dice, plan);
  plan.clock_jumps = dice.OneIn(6);
  plan.late = dice.OneIn(2);
  plan.repeats = dice.OneIn(2);
  plan.silences = dice.OneIn(2);
  plan.resets = dice.OneIn(2);
  plan.ends = dice.OneIn(3);
  return plan;
}

std::string Plan::ToString() const {
  std::string text = absl::StrCat("shards=", shards, " faulty_ms=", faulty_ms);
  const auto flag = [&](const char* name, bool on) {
    if (on) absl::StrAppend(&text, " ", name);
  };
  flag("dies", dies > 0);
  flag("dies_in_write", dies_in_write > 0);
  flag("loses_power", loses_power);
  absl::StrAppend(&text, " down_ms_max=", down_ms_max);
  flag("restarts", restarts);
  flag("reloads", reloads);
  flag("stalls", stalls);
  flag("refuses_write", refuses_write > 0);
  flag("tears_write", tears_write > 0);
  flag("fills", fills);
  flag("blocks", closes_block > 0);
  flag("slow", slow);
  flag("clock_jumps", clock_jumps);
  flag("receiver_faults", receiver_faults);
  flag("receiver_outages", receiver_outages);
  flag("late", late);
  flag("repeats", repeats);
  flag("silences", silences);
  flag("resets", resets);
  flag("ends", ends);
  const Limits usual;
  flag("outbox_limit", limits.outbox_entries_max != usual.outbox_entries_max);
  flag("alerts_limit", limits.alerts_per_rule_max != usual.alerts_per_rule_max);
  flag("series_limit", limits.series_max != usual.series_max);
  flag("queue_limit", limits.ingest_queue_bytes_max != usual.ingest_queue_bytes_max);
  return text;
}

}  // namespace tocsin::simulation
