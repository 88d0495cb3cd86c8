#include "tests/sim/durable.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "engine/alerts/alert_records.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::simulation {
namespace {

using rules::AlertPhase;

bool SameOnDisk(const AlertModel& model, const engine::AlertInstance& instance) {
  const rules::AlertState& state = instance.state;
  return model.phase == state.phase && (!model.Fires() || model.level == state.level) &&
         model.absent == instance.absent && model.absent_since == state.absent_since &&
         model.critical_since == state.critical_since &&
         model.clear_since == state.keep_firing_since &&
         (model.phase == AlertPhase::kOk ? model.resolved == state.resolved_at
                                         : model.since == state.active_at);
}

const Labels& IdentityOf(const std::string& rule_id, const engine::AlertInstance& instance) {
  return rule_id.rfind("monitor/", 0) == 0 ? instance.result_labels : instance.labels;
}

bool SameOnDisk(const AlertModels& models, const std::string& rule_id,
                const std::vector<engine::AlertInstance>& instances) {
  if (models.size() != instances.size()) return false;
  return std::all_of(instances.begin(), instances.end(), [&](const auto& instance) {
    const auto model = models.find(IdentityOf(rule_id, instance));
    return model != models.end() && SameOnDisk(model->second, instance);
  });
}

bool SameOnDisk(const ShardAlerts& possible, const std::set<std::string>& rule_ids,
                const engine::AlertsByRule& disk) {
  static const AlertModels kNone;
  static const std::vector<engine::AlertInstance> kNothing;
  return std::all_of(rule_ids.begin(), rule_ids.end(), [&](const std::string& id) {
    const auto models = possible.find(id);
    const auto instances = disk.find(id);
    return SameOnDisk(models == possible.end() ? kNone : models->second, id,
                      instances == disk.end() ? kNothing : instances->second);
  });
}

// Of rows that are there the newest sample is not written with each, but found again in the
// windows.
void TakeLastSeen(const engine::AlertsByRule& disk, ShardAlerts& alerts) {
  for (auto& [id, models] : alerts) {
    const auto instances = disk.find(id);
    if (instances == disk.end()) continue;
    for (const engine::AlertInstance& instance : instances->second) {
      const auto model = models.find(IdentityOf(id, instance));
      if (model != models.end()) model->second.last_seen = instance.state.last_seen;
    }
  }
}

std::set<std::string> RuleIdsOf(const ShardOracle& shard) {
  std::set<std::string> ids;
  for (const ShardAlerts& possible : shard.possible()) {
    for (const auto& [id, alerts] : possible) ids.insert(id);
  }
  return ids;
}

void ReadClocks(const storage::Store& store, OnDisk& disk) {
  disk.is_new = true;
  const auto visit = [&](absl::string_view, absl::string_view value) {
    state::v1::ClockRecord record;
    if (!storage::DecodeMessage(value, record).ok()) {
      disk.wrong = "a clock record does not decode";
      return false;
    }
    const Timestamp evaluated = Timestamp::FromMillis(record.evaluated_ms());
    disk.evaluated = disk.is_new ? evaluated : std::min(disk.evaluated, evaluated);
    disk.hold_until = std::max(disk.hold_until, Timestamp::FromMillis(record.hold_until_ms()));
    disk.is_new = false;
    return true;
  };
  const absl::Status read = store.Scan(storage::Family::kMeta, storage::kMetaClockPrefix,
                                       storage::PrefixEnd(storage::kMetaClockPrefix), visit);
  if (!read.ok()) disk.wrong = read.ToString();
}

}  // namespace

OnDisk ReadDisk(const storage::Store& store, const std::vector<ShardOracle>& last_life) {
  OnDisk disk;
  ReadClocks(store, disk);
  const auto alerts = engine::ReadAlerts(store);
  if (!alerts.ok()) disk.wrong = alerts.status().ToString();
  if (!disk.wrong.empty()) return disk;
  std::set<std::string> known;
  for (size_t i = 0; i < last_life.size(); ++i) {
    const std::set<std::string> rule_ids = RuleIdsOf(last_life[i]);
    known.insert(rule_ids.begin(), rule_ids.end());
    const auto& possible = last_life[i].possible();
    const auto found = std::find_if(possible.rbegin(), possible.rend(), [&](const auto& state) {
      return SameOnDisk(state, rule_ids, *alerts);
    });
    if (found == possible.rend()) {
      disk.wrong = absl::StrCat("the alerts of shard ", i, " on disk are none of the ",
                                possible.size(), " states that may be there");
      return disk;
    }
    disk.alerts.insert(found->begin(), found->end());
    TakeLastSeen(*alerts, disk.alerts);
  }
  for (const auto& [id, instances] : *alerts) {
    if (known.count(id) == 0) disk.wrong = absl::StrCat("alerts of ", id, " came from nowhere");
  }
  return disk;
}

}  // namespace tocsin::simulation
