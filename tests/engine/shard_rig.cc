#include "tests/engine/shard_rig.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/histogram/text.h"
#include "rules/rule_file.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::engine {
ShardRig::ShardRig(Limits limits, const EvidenceSource* evidence)
    : limits_(limits), evidence_(evidence) {
  clock_.AdvanceTo(kStart);
  Boot();
}

ShardRig::~ShardRig() = default;

void ShardRig::Boot() {
  SteppedEngine::Options options;
  options.shard.limits = limits_;
  options.shard.evidence = evidence_;
  options.recorded = this;
  engine_ = std::make_unique<SteppedEngine>(std::move(options), store_, clock_);
  absl::Status started = engine_->Open();
  if (started.ok()) started = engine_->Recover(rules_);
  TOCSIN_CHECK(started.ok()) << started;
}

absl::Status ShardRig::Install(const std::string& yaml, bool check) {
  rules::LoadOptions options;
  if (check) {
    options.unsupported = &QueryEngine::Unsupported;
  } else {
    options.parse.experimental = true;
  }
  rules::LoadResult loaded = rules::LoadRules({{"rules.yaml", yaml}}, options);
  std::string findings;
  for (const auto& finding : loaded.diagnostics) absl::StrAppend(&findings, finding.message, "\n");
  TOCSIN_CHECK(loaded.ok()) << findings;
  auto rules = std::make_shared<rules::RuleSet>(std::move(loaded.rules));
  const absl::Status installed = engine_->Install(rules, now());
  if (installed.ok()) rules_ = std::move(rules);
  return installed;
}

void ShardRig::Reboot(absl::Duration gap) {
  clock_.AdvanceTo(now() + gap);
  Boot();
}

SeriesRef ShardRig::RefOf(const Labels& series) {
  const auto ref = engine_->Resolve(series);
  TOCSIN_CHECK(ref.ok()) << ref.status();
  return *ref;
}

void ShardRig::CommitNow(SampleBatch batch) {
  engine_->Submit(std::move(batch), [](const absl::Status& s) { TOCSIN_CHECK(s.ok()) << s; });
  engine_->Commit();
}

void ShardRig::Send(const Labels& series, double value, absl::Duration age) {
  SampleBatch batch;
  batch.Add(RefOf(series), (now() - age).millis(), value);
  CommitNow(std::move(batch));
}

void ShardRig::Send(const Labels& series, HistogramPtr histogram) {
  SampleBatch batch;
  batch.Add(RefOf(series), now().millis(), std::move(histogram));
  CommitNow(std::move(batch));
}

absl::Status ShardRig::RunTo(absl::Duration since_start) {
  const Timestamp end = kStart + since_start;
  absl::Status status;
  for (;;) {
    const Timestamp next = std::max(engine_->NextDue(), now() + absl::Milliseconds(1));
    if (next > end) break;
    clock_.AdvanceTo(next);
    status = engine_->Evaluate();
  }
  clock_.AdvanceTo(std::max(now(), end));
  return status;
}

std::string ShardRig::StateOf(const Labels& alert) const {
  std::string state = "ok";
  const auto look = [&](const RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    rule.alerts->ForEach([&](const AlertInstance& instance) {
      if (instance.labels == alert) state = rules::AlertPhaseName(instance.state.phase);
    });
  };
  for (const auto& group : engine_->shard(0).groups()) {
    for (const auto& rule : group.rules) look(*rule);
  }
  for (const auto& monitor : engine_->shard(0).monitors()) look(*monitor.rule);
  return state;
}

std::string ShardRig::PageOf(const std::string& label, const std::string& value) const {
  std::string page = "none";
  for (const std::string& alias : engine_->outbox().Aliases()) {
    const auto desired = engine_->outbox().Find(alias)->desired;
    if (Labels::FromCanonical(desired.labels())->Get(label) != value) continue;
    page = page != "none" ? "several" : desired.open() ? "open" : "closed";
  }
  return page;
}

std::string ShardRig::Error() const {
  return engine_->shard(0).groups().empty() ? engine_->shard(0).monitors()[0].rule->health.error
                                            : engine_->shard(0).groups()[0].rules[0]->health.error;
}

std::vector<std::string> ShardRig::Recorded(const Labels& series) const {
  std::vector<std::string> samples;
  const auto read = engine_->log().ReadFrom(0, [&](const storage::LogRecord& record) {
    for (size_t i = 0; i < record.samples.size(); ++i) {
      if (!(engine_->registry().Get(record.samples.refs[i]) == series)) continue;
      const double value = record.samples.values[i];
      const NativeHistogram* histogram = record.samples.histogram(i);
      const std::string text = histogram != nullptr   ? HistogramText(*histogram)
                               : IsStaleMarker(value) ? "stale"
                                                      : absl::StrFormat("%.15g", value);
      const auto t = Timestamp::FromMillis(record.samples.times_ms[i]);
      samples.push_back(absl::StrCat(text, "@", absl::ToDoubleSeconds(t - kStart)));
    }
    return true;
  });
  TOCSIN_CHECK(read.ok()) << read;
  return samples;
}

std::vector<std::string> ShardRig::KeysOnDisk(storage::Family family) const {
  std::vector<std::string> keys;
  const auto read = disk_.Scan(family, "", "", [&](absl::string_view key, absl::string_view) {
    keys.emplace_back(key);
    return true;
  });
  TOCSIN_CHECK(read.ok()) << read;
  return keys;
}

state::v1::ClockRecord ShardRig::ClockOnDisk() const {
  state::v1::ClockRecord clock;
  const auto value = disk_.Get(storage::Family::kMeta, storage::ClockKey(0));
  TOCSIN_CHECK(value.ok() && *value) << "no clock record";
  TOCSIN_CHECK(storage::DecodeMessage(**value, clock).ok());
  return clock;
}

absl::StatusOr<SeriesRef> ShardRig::Resolve(const Labels& labels) {
  ++resolved_;
  return engine_->Resolve(labels);
}

void ShardRig::Submit(SampleBatch batch, Done done) {
  engine_->Submit(std::move(batch), std::move(done));
}

}  // namespace tocsin::engine
