#include "engine/alerts/alert_commit.h"

#include <algorithm>
#include <utility>

#include "base/kill_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "engine/alerts/alert_records.h"
#include "engine/alerts/page_options.h"
#include "engine/alerts/template_evidence.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::engine {
namespace {

using rules::Transition;

bool ChangesPage(Transition transition) {
  return transition == Transition::kFired || transition == Transition::kRaised ||
         transition == Transition::kLowered || transition == Transition::kResolved ||
         transition == Transition::kForgotten;
}

// A monitor's severity is its level; a Prometheus rule says it in a label of its own, if at all.
std::string Severity(const std::string& rule_id, const AlertInstance& instance) {
  if (rule_id.rfind("monitor/", 0) == 0) return rules::LevelName(instance.state.level);
  return std::string(instance.labels.Get("severity"));
}

Labels PageLabels(const AlertInstance& instance, const std::string& severity,
                  const Labels& external_labels) {
  LabelsBuilder labels(external_labels);
  for (const LabelView& label : instance.labels) labels.Set(label.name, label.value);
  return labels.Set("severity", severity).Build();
}

// The identity labels under which an alert is stored: see RuleAlerts.
const Labels& IdentityLabels(const std::string& rule_id, const AlertInstance& instance) {
  return rule_id.rfind("monitor/", 0) == 0 ? instance.result_labels : instance.labels;
}

// No sample led to it, so there is no latency from one.
bool ByTimeAlone(rules::Reason reason) {
  switch (reason) {
    case rules::Reason::kConditionMet:
    case rules::Reason::kConditionCleared:
    case rules::Reason::kRecovered:
    case rules::Reason::kDataCameBack:
    case rules::Reason::kLevelChanged:
      return false;
    default:
      return true;
  }
}

bool Fires(const AlertInstance& instance) {
  return instance.state.phase == rules::AlertPhase::kFiring ||
         instance.state.phase == rules::AlertPhase::kNoData;
}

// A closed page keeps the severity it was opened with.
AlertInstance Closing(const AlertInstance& before, const AlertInstance& after) {
  AlertInstance closing = after;
  closing.state.level = before.state.level;
  return closing;
}

}  // namespace

void AlertCommit::KeepModel(const std::string& rule_id, const Labels& labels,
                            state::v1::ModelRecord record) {
  record.set_rule(rule_id);
  batch_.Put(storage::Family::kModels, storage::AlertKey(rule_id, labels),
             storage::EncodeMessage(record));
}

void AlertCommit::DropModel(const std::string& rule_id, const Labels& labels) {
  batch_.Delete(storage::Family::kModels, storage::AlertKey(rule_id, labels));
}

void AlertCommit::AddEvidence(const Intent& intent, const Round& round,
                              const AlertInstance& instance, const state::v1::DesiredPage* before,
                              state::v1::DesiredPage& page) {
  if (before != nullptr) *page.mutable_evidence() = before->evidence();
  const bool news = intent.open && (!instance.page_open || intent.raised);
  if (!news || intent.rule == nullptr) return;
  evidence_.Renew(intent.rule->evidence_queries(), instance.result_labels, round.now, page);
}

void AlertCommit::QuoteEvidence(const Intent& intent, const state::v1::DesiredPage& page,
                                AlertInstance& instance) {
  if (intent.rule == nullptr || !intent.rule->quotes_evidence()) return;
  AlertEvaluation evaluation = *intent.evaluation;
  evaluation.evidence = [&page](const AlertInstance&) { return TemplateEvidence(page); };
  intent.rule->Describe(instance, evaluation);
}

absl::Status AlertCommit::StagePage(const Intent& intent, const Round& round,
                                    AlertInstance& instance) {
  const Labels& identity = IdentityLabels(intent.rule_id, instance);
  if (instance.alias.empty()) {
    instance.alias = MakeAlias(intent.rule_id, instance.labels.Get("alertname"),
                               identity.Fingerprint(), *round.external_labels);
  }
  const auto existing = outbox_.Find(instance.alias);
  // A close that waits for its write is not in the outbox yet.
  const uint64_t last =
      std::max(existing ? existing->desired.sequence() : 0, instance.page_sequence);
  state::v1::DesiredPage page;
  page.set_alias(instance.alias);
  page.set_sequence(std::max(last + 1, static_cast<uint64_t>(round.now.millis())));
  // Until its close is written the page is still open, and goes on if the alert fires again.
  const bool close_waits = std::any_of(pages_.begin(), pages_.end(), [&](const auto& waiting) {
    return waiting.alias() == instance.alias && !waiting.open();
  });
  const bool reopens = intent.open && !instance.page_open && !close_waits;
  page.set_episode(reopens || !existing ? page.sequence() : existing->desired.episode());
  page.set_open(intent.open);
  page.set_rule(intent.rule_id);
  AddEvidence(intent, round, instance, existing && !reopens ? &existing->desired : nullptr, page);
  QuoteEvidence(intent, page, instance);
  page.set_severity(Severity(intent.rule_id, instance));
  page.set_labels(
      std::string(PageLabels(instance, page.severity(), *round.external_labels).canonical()));
  page.mutable_annotations()->insert(instance.annotations.begin(), instance.annotations.end());
  const rules::PageOptions* options = intent.rule ? intent.rule->page_options() : nullptr;
  if (options != nullptr) {
    WritePageOptions(*options, page);
  } else if (existing && existing->desired.has_options()) {
    *page.mutable_options() = existing->desired.options();
  }
  page.set_value(instance.state.value);
  page.set_condition(intent.condition);
  page.set_since_ms(instance.state.active_at.value_or(round.now).millis());
  page.set_changed_ms(round.now.millis());
  page.set_cause_committed_ms(ByTimeAlone(intent.reason) ? 0 : round.cause_committed.millis());
  page.set_reason(rules::ReasonName(intent.reason));
  page.set_rule_revision(*round.revision);
  TOCSIN_RETURN_IF_ERROR(outbox_.Stage(page, batch_));
  instance.page_sequence = page.sequence();
  instance.page_open = intent.open;
  pages_.push_back(std::move(page));
  return absl::OkStatus();
}

void AlertCommit::AddHistory(const std::string& rule_id, const AlertInstance& instance,
                             const std::string& condition, Transition transition,
                             rules::Reason reason, const Round& round) {
  state::v1::HistoryRecord record;
  record.set_rule(rule_id);
  record.set_labels(std::string(instance.labels.canonical()));
  record.set_transition(static_cast<uint32_t>(transition));
  record.set_reason(static_cast<uint32_t>(reason));
  record.set_phase(static_cast<uint32_t>(instance.state.phase));
  record.set_level(static_cast<uint32_t>(instance.state.level));
  record.set_value(instance.state.value);
  record.set_condition(condition);
  record.set_evaluated_ms(round.now.millis());
  record.set_active_at_ms(instance.state.active_at.value_or(Timestamp()).millis());
  record.set_newest_sample_ms(instance.state.last_seen.millis());
  record.set_rule_revision(*round.revision);
  record.set_alias(instance.alias);
  batch_.Put(storage::Family::kHistory,
             storage::HistoryKey(rule_id, IdentityLabels(rule_id, instance), round.now,
                                 history_sequence_++),
             storage::EncodeMessage(record));
}

void AlertCommit::CountStates(const rules::AlertState& before, const rules::AlertState& after) {
  if (auto* gauge = metrics_.AlertsGauge(before)) gauge->Decrement();
  if (auto* gauge = metrics_.AlertsGauge(after)) gauge->Increment();
}

size_t AlertCommit::Add(RuleAlerts& rule, std::vector<AlertChange> changes,
                        const AlertEvaluation& evaluation, const Round& round) {
  size_t deferred = 0;
  const std::string& rule_id = rule.rule_id();
  for (AlertChange& change : changes) {
    AlertInstance& instance = *change.instance;
    const bool closes =
        change.transition == Transition::kResolved || change.transition == Transition::kForgotten;
    AlertInstance shown = closes ? Closing(change.before, instance) : instance;
    const std::string condition = rule.ConditionText(shown);
    const bool owed =
        closes ? instance.page_open : ChangesPage(change.transition) && !rule.shadow();
    if (owed) {
      const absl::Status staged =
          StagePage({rule_id, condition, !closes, change.reason, &rule, &evaluation,
                     /*raised=*/change.transition == Transition::kRaised},
                    round, shown);
      if (!staged.ok()) {
        Deferred(rule_id, instance, staged);
        rule.Revert(change);
        ++deferred;
        continue;
      }
      instance.alias = shown.alias;
      instance.page_sequence = shown.page_sequence;
      instance.page_open = shown.page_open;
      instance.annotations = std::move(shown.annotations);
    }
    const std::string key = storage::AlertKey(rule_id, IdentityLabels(rule_id, instance));
    if (change.remove) {
      batch_.Delete(storage::Family::kAlerts, key);
    } else {
      batch_.Put(storage::Family::kAlerts, key, EncodeAlert(rule_id, instance));
    }
    if (change.transition != Transition::kNone) {
      AddHistory(rule_id, instance, condition, change.transition, change.reason, round);
      metrics_.transitions.Increment();
      Log(LogLevel::kInfo, "alert changed",
          {{"alert", rule.alert_name()},
           {"labels", instance.labels.ToString()},
           {"transition", rules::TransitionName(change.transition)},
           {"reason", rules::ReasonName(change.reason)},
           {"value", instance.state.value},
           {"condition", condition}});
    }
    CountStates(change.before.state, instance.state);
    rule.Settle(change);
  }
  return deferred;
}

void AlertCommit::Keep(const std::string& rule_id, const AlertInstance& instance) {
  batch_.Put(storage::Family::kAlerts,
             storage::AlertKey(rule_id, IdentityLabels(rule_id, instance)),
             EncodeAlert(rule_id, instance));
}

void AlertCommit::Deferred(const std::string& rule_id, const AlertInstance& instance,
                           const absl::Status& why) {
  metrics_.pages_deferred.Increment();
  Log(LogLevel::kError, "page deferred: the outbox is full",
      {{"rule", rule_id},
       {"labels", instance.labels.ToString()},
       {"error", std::string(why.message())}});
}

bool AlertCommit::MatchPages(RuleAlerts& rule, const AlertEvaluation& evaluation,
                             const Round& round) {
  bool all = true;
  rule.ForEach([&](AlertInstance& instance) {
    const bool wanted = Fires(instance) && !rule.shadow();
    if (wanted == instance.page_open) return;
    const rules::Reason reason = wanted ? rules::Reason::kPageOwed : rules::Reason::kShadowed;
    const std::string condition = rule.ConditionText(instance);
    const absl::Status staged =
        StagePage({rule.rule_id(), condition, wanted, reason, &rule, &evaluation}, round, instance);
    if (!staged.ok()) {
      Deferred(rule.rule_id(), instance, staged);
      all = false;
      return;
    }
    Keep(rule.rule_id(), instance);
  });
  return all;
}

void AlertCommit::Retire(const std::string& rule_id, AlertInstance instance, rules::Reason reason,
                         const Round& round) {
  if (instance.page_open) {
    const std::string condition = rules::ReasonName(reason);
    const absl::Status staged =
        StagePage({rule_id, condition, /*open=*/false, reason}, round, instance);
    // Only a new alias can be refused, and this one has an entry or had one.
    if (!staged.ok()) {
      Log(LogLevel::kError, "page of a removed rule could not be closed",
          {{"rule", rule_id}, {"alias", instance.alias}, {"error", std::string(staged.message())}});
    }
  }
  const rules::AlertState before = instance.state;
  instance.state.phase = rules::AlertPhase::kOk;
  AddHistory(rule_id, instance, "", Transition::kForgotten, reason, round);
  batch_.Delete(storage::Family::kAlerts,
                storage::AlertKey(rule_id, IdentityLabels(rule_id, instance)));
  CountStates(before, instance.state);
}

absl::Status AlertCommit::Commit(const ClockReading& clock, bool clock_due) {
  evidence_.BeginRound();
  const bool changed = !batch_.empty();
  if (!changed && !clock_due) return absl::OkStatus();
  state::v1::ClockRecord record;
  record.set_evaluated_ms(clock.evaluated.millis());
  record.set_hold_until_ms(clock.hold_until.millis());
  batch_.Put(storage::Family::kMeta, storage::ClockKey(clock.shard),
             storage::EncodeMessage(record));
  if (changed) KillPoint("alert_commit.before_write");
  const absl::Status written =
      store_.Write(batch_, changed ? storage::Durability::kSynced : storage::Durability::kBuffered);
  if (changed) KillPoint("alert_commit.after_write");
  if (written.ok() || !changed) {
    batch_.Clear();
  } else {
    // While it fails each round adds its own; only the newest of each record is of use.
    batch_.DropSuperseded();
    metrics_.commit_failures.Increment();
    Log(LogLevel::kError, "alert state could not be written; it is kept and tried again",
        {{"error", written.ToString()}});
  }
  const bool pages = !pages_.empty();
  PublishPages(written.ok() || !changed);
  if (pages) KillPoint("alert_commit.after_publication");
  return written;
}

// See the class comment.
void AlertCommit::PublishPages(bool written) {
  std::vector<state::v1::DesiredPage> waiting;
  for (state::v1::DesiredPage& page : std::exchange(pages_, {})) {
    if (!written && !page.open() && opened_unwritten_.erase(page.alias()) == 0) {
      waiting.push_back(std::move(page));
      continue;
    }
    // A close that waited and is older than this has had its day.
    std::erase_if(waiting, [&](const auto& closing) {
      if (closing.alias() != page.alias()) return false;
      outbox_.Publish(closing, /*committed=*/false);
      return true;
    });
    const bool opens = page.open() && page.episode() == page.sequence();
    if (!written && opens) opened_unwritten_.insert(page.alias());
    outbox_.Publish(page, /*committed=*/true);
  }
  pages_ = std::move(waiting);
  if (written) opened_unwritten_.clear();
}

}  // namespace tocsin::engine
