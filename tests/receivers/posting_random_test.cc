// Delivery to simple receivers under random faults, crashes and reloads, in virtual time. After the
// faults end, what each receiver takes for open must be the open pages.

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "tests/receivers/posting_world.h"

namespace tocsin::delivery {
namespace {

double Some(Random& random, double max) {
  return random.Uniform() < 0.5 ? 0 : random.Uniform() * max;
}

SimReceiver::Faults RandomFaults(Random& random) {
  SimReceiver::Faults faults;
  faults.unreachable = Some(random, 0.2);
  faults.drop_before = Some(random, 0.2);
  faults.drop_after = Some(random, 0.2);
  faults.late = Some(random, 0.2);
  faults.error_500 = Some(random, 0.2);
  faults.error_503 = Some(random, 0.2);
  faults.throttle = Some(random, 0.2);
  faults.refuse = Some(random, 0.2);
  return faults;
}

ReceiversAndRoutes AllKinds() {
  ReceiversAndRoutes config = WebhookOnly();
  Receiver& receiver = config.receivers["payments"];
  receiver.pagerduty_configs = PagerdutyOnly().receivers["payments"].pagerduty_configs;
  receiver.alertmanager_configs = AlertmanagerOnly().receivers["payments"].alertmanager_configs;
  return config;
}

struct Plan {
  bool crashes = false;
  bool lose_buffered = false;
};

void RandomStep(PostingWorld& world, Random& random, const Plan& plan) {
  const std::string alias = absl::StrCat("alias/", random.Next() % 6, " %");
  const std::string severity = random.Next() % 2 ? "critical" : "warning";
  const double dice = random.Uniform();
  if (dice < 0.55) {
    if (!world.IsOpen(alias))
      world.Open(alias, severity);
    else if (random.Next() % 3)
      world.Close(alias);
    else
      world.Change(alias, severity);
  } else if (dice < 0.65) {
    world.sim.faults = RandomFaults(random);
  } else if (dice < 0.72 && plan.crashes) {
    world.Crash(plan.lose_buffered);
  } else if (dice < 0.77) {
    world.Configure(AllKinds());
  } else {
    world.Run(absl::Milliseconds(random.Next() % (random.Next() % 4 ? 500 : 20000)));
  }
}

void RunSeed(uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("TOCSIN_SEED=", seed));
  SeededRandom random(seed);
  Plan plan;
  plan.crashes = random.Uniform() < 0.6;
  plan.lose_buffered = random.Uniform() < 0.5;
  PostingWorld world(AllKinds(), seed);
  world.latency = absl::Milliseconds(random.Next() % 200);
  for (size_t steps = 20 + random.Next() % 120; steps > 0; --steps) RandomStep(world, random, plan);
  world.sim.faults = {};
  world.Configure(AllKinds());
  world.Run(absl::Minutes(30));
  for (const char* host : {kWebhookHost, kAlertmanagerHost, kPagerdutyHost}) {
    EXPECT_EQ(world.RemoteOpen(host), world.Wanted()) << host;
  }
  EXPECT_EQ(world.outbox->size(), world.Wanted().size());
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  // Quiet afterwards, but for what Alertmanager has to be told each minute.
  const auto told = [&] { return world.sim.count(kWebhookHost) + world.sim.count(kPagerdutyHost); };
  const size_t before = told();
  const size_t alerts_before = world.sim.count(kAlertmanagerHost);
  world.Run(absl::Hours(1));
  EXPECT_EQ(told(), before);
  EXPECT_LE(world.sim.count(kAlertmanagerHost) - alerts_before, 61 * world.Wanted().size());
}

uint64_t EnvNumber(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  uint64_t value = fallback;
  if (text == nullptr || !absl::SimpleAtoi(text, &value)) return fallback;
  return value;
}

// Seeds that once failed.
constexpr uint64_t kRegressions[] = {178};

// TOCSIN_SEED=n runs one seed, TOCSIN_SEEDS=n that many.
TEST(PostingRandomTest, AfterFaultsEachReceiverIsAsDesired) {
  SetLogLevel(LogLevel::kError);
  if (const uint64_t one = EnvNumber("TOCSIN_SEED", 0); one != 0) {
    SetLogLevel(LogLevel::kDebug);
    return RunSeed(one);
  }
  testing::internal::CaptureStderr();
  const uint64_t seeds = EnvNumber("TOCSIN_SEEDS", 300);
  for (const uint64_t seed : kRegressions) RunSeed(seed);
  for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) RunSeed(seed);
  testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace tocsin::delivery
