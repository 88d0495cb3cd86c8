#include "app/explain/explainer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/explain/inputs.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::app::explain {
namespace {

// A rule that is not there any more, as far as its identity says what it was.
RuleFacts Removed(const std::string& id) {
  RuleFacts facts;
  facts.id = id;
  facts.name = NameInId(id);
  facts.kind = "removed rule";
  return facts;
}

// The labels that its rows can have, too.
Labels WithoutOwn(const Labels& labels, const RuleFacts& facts) {
  LabelsBuilder rest(labels);
  rest.Delete("alertname");
  for (const std::string& name : facts.label_names) rest.Delete(name);
  return rest.Build();
}

}  // namespace

// Of a page that is owed or open the outbox knows; else its transitions have to be searched.
absl::StatusOr<std::string> Explainer::FindRuleOf(const std::string& alias,
                                                  const Expired& expired) {
  if (const auto entry = outbox_.Find(alias)) return std::string(entry->desired.rule());
  TOCSIN_ASSIGN_OR_RETURN(std::string rule, RuleOfAlias(store_, alias, expired));
  if (!rule.empty()) return rule;
  return absl::NotFoundError(absl::StrCat("no page has or had the alias \"", alias, "\""));
}

absl::StatusOr<http::Explanation> Explainer::Explain(const http::ExplainRequest& request,
                                                     const Expired& expired) {
  if (const absl::Status flushed = journal_.Flush(); !flushed.ok()) {
    Log(LogLevel::kWarning, "deliveries could not be kept", {{"error", flushed.ToString()}});
  }
  const std::shared_ptr<const rules::RuleSet> rules = rules_();
  if (rules == nullptr) return absl::UnavailableError("the service is starting or stopping");
  std::string wanted = request.rule;
  if (wanted.empty()) {
    TOCSIN_ASSIGN_OR_RETURN(wanted, FindRuleOf(request.alias, expired));
  }
  std::vector<RuleFacts> found = FindRules(*rules, wanted);
  const bool in_force = !found.empty();
  if (!in_force) found = {Removed(wanted), Removed(absl::StrCat("monitor/", wanted))};

  http::Explanation explanation;
  explanation.time = request.time;
  explanation.revision = rules->revision;
  for (const RuleFacts& facts : found) {
    TOCSIN_ASSIGN_OR_RETURN(http::ExplainedRule rule, ExplainRule(facts, *rules, request, expired));
    if (in_force || !rule.alerts.empty()) explanation.rules.push_back(std::move(rule));
  }
  if (!explanation.rules.empty()) return explanation;
  return absl::NotFoundError(
      absl::StrCat("there is no monitor or alerting rule \"", wanted, "\", and none had it"));
}

absl::StatusOr<http::ExplainedRule> Explainer::ExplainRule(const RuleFacts& facts,
                                                           const rules::RuleSet& rules,
                                                           const http::ExplainRequest& request,
                                                           const Expired& expired) {
  http::ExplainedRule rule;
  rule.id = facts.id;
  rule.name = facts.name;
  rule.kind = facts.kind;
  rule.expression = facts.expression;
  rule.settings = facts.settings;
  TOCSIN_ASSIGN_OR_RETURN(rule.alerts,
                          AlertsOf(store_, facts.id, request.alias, request.time, expired));
  rule.alerts_total = rule.alerts.size();
  if (rule.alerts.size() > kShownMax) rule.alerts.resize(kShownMax);
  if (!facts.members.empty()) {
    // No samples stand behind its rows.
    for (http::ExplainedAlert& alert : rule.alerts) {
      for (auto& transition : alert.transitions) transition.newest_sample.reset();
    }
    TOCSIN_RETURN_IF_ERROR(AddMembers(facts, rules, request.time, expired, rule));
  }
  if (facts.query == nullptr) return rule;
  std::optional<Labels> labels;
  if (rule.alerts.size() == 1) labels = WithoutOwn(rule.alerts[0].labels, facts);
  rule.window = WindowOf(*facts.query);
  rule.inputs = InputsOf(*facts.query, request.time, labels, engine_, expired);
  AddNotes(request.time, rule);
  AddResult(*facts.query, request.time, labels, engine_, expired, rule);
  if (facts.anomaly) AddBands(facts.name, request.time, engine_, expired, rule);
  return rule;
}

void Explainer::AddNotes(Timestamp at, http::ExplainedRule& rule) const {
  if (!notes_) return;
  for (http::ExplainedInput& input : rule.inputs) {
    for (http::ExplainedSeries& series : input.series) {
      series.notes = notes_(series.labels);
      std::erase_if(series.notes, [at](const http::ExplainedNote& note) { return note.at > at; });
    }
  }
}

absl::Status Explainer::AddMembers(const RuleFacts& facts, const rules::RuleSet& rules,
                                   Timestamp at, const Expired& expired,
                                   http::ExplainedRule& rule) const {
  for (const std::string& member : facts.members) {
    for (const RuleFacts& read : FindRules(rules, member)) {
      TOCSIN_ASSIGN_OR_RETURN(const auto alerts, AlertsOf(store_, read.id, "", at, expired));
      for (const http::ExplainedAlert& alert : alerts) {
        if (alert.state == "ok") continue;
        ++rule.rows_total;
        if (rule.rows.size() >= kShownMax) continue;
        rule.rows.push_back({member, WithoutOwn(alert.labels, read), alert.state});
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace tocsin::app::explain
