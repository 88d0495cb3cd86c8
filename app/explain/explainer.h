#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "app/explain/evidence.h"
#include "app/explain/rule_facts.h"
#include "engine/engine.h"
#include "integrations/http/explanation.h"
#include "storage/delivery_journal.h"
#include "storage/outbox.h"
#include "storage/store.h"

namespace tocsin::app::explain {

// Puts an explanation together: the rule as it is now, what its query saw and gave at that time by
// the recorded samples, the path of its alerts with the stored evidence, and what became of their
// pages.
//
// What the samples say is asked again and may differ from what was seen then, if some came late;
// the transitions say what was seen. A rule that was removed or changed since has its transitions
// (with the revision they were made by) and no, or another, query.
//
// Thread: any; borrows everything. Reads what a query reads, so as many as those may run at once.
class Explainer {
 public:
  // `rules`: those in force; null while there are none.
  using RulesInForce = std::function<std::shared_ptr<const rules::RuleSet>()>;
  // What senders told of a series besides its samples, newest first.
  using NotesOf = std::function<std::vector<http::ExplainedNote>(const Labels& series)>;
  Explainer(const engine::Engine& engine, RulesInForce rules, const storage::Store& store,
            const storage::Outbox& outbox, storage::DeliveryJournal& journal, NotesOf notes = {})
      : engine_(engine),
        rules_(std::move(rules)),
        store_(store),
        outbox_(outbox),
        journal_(journal),
        notes_(std::move(notes)) {}

  // Errors: NotFound (nothing is known of it), DeadlineExceeded, what the store says.
  absl::StatusOr<http::Explanation> Explain(const http::ExplainRequest& request,
                                            const Expired& expired);

 private:
  absl::StatusOr<std::string> FindRuleOf(const std::string& alias, const Expired& expired);
  absl::StatusOr<http::ExplainedRule> ExplainRule(const RuleFacts& facts,
                                                  const rules::RuleSet& rules,
                                                  const http::ExplainRequest& request,
                                                  const Expired& expired);
  void AddNotes(Timestamp at, http::ExplainedRule& rule) const;
  absl::Status AddMembers(const RuleFacts& facts, const rules::RuleSet& rules, Timestamp at,
                          const Expired& expired, http::ExplainedRule& rule) const;

  const engine::Engine& engine_;
  const RulesInForce rules_;
  const storage::Store& store_;
  const storage::Outbox& outbox_;
  storage::DeliveryJournal& journal_;
  const NotesOf notes_;
};

}  // namespace tocsin::app::explain
