#include "tests/sim/page_ledger.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_route.h"

namespace tocsin::simulation {
namespace {

constexpr int64_t kUnderWayMs = 60'000;

bool IsCreate(const sim::JournalEntry& entry) {
  return entry.method == "POST" && absl::EndsWith(entry.target, "/v2/alerts");
}

// The alias in ".../v2/alerts/<alias>/close?identifierType=alias"; empty: another request.
std::string ClosedAlias(const std::string& target) {
  const size_t end = target.find("/close?identifierType=alias");
  constexpr absl::string_view kBefore = "/v2/alerts/";
  const size_t begin = target.find(std::string(kBefore));
  if (end == std::string::npos || begin == std::string::npos) return "";
  return sim::PercentDecode(target.substr(begin + kBefore.size(), end - begin - kBefore.size()));
}

}  // namespace

void PageLedger::Open(const RuleOracle& rule, const Labels& identity, const AlertModel& model,
                      const storage::Outbox& outbox, bool outbox_full, int64_t now_ms,
                      std::set<std::string>& open_now) {
  const engine::AlertInstance* instance = rule.runtime().alerts->Find(identity.Fingerprint());
  if (instance == nullptr) return;  // was reported
  if (!instance->page_open) {
    // It is tried again with each evaluation.
    if (!outbox_full) {
      findings_.Fail(absl::StrCat(rule.runtime().id, " ", identity.ToString(), " fires unpaged"));
    }
    return;
  }
  const std::string& alias = instance->alias;
  open_now.insert(alias);
  Page& page = pages_[alias];
  if (page.rule_id.empty()) {
    page.rule_id = rule.runtime().id;
    page.identity = identity;
  } else if (page.rule_id != rule.runtime().id || !(page.identity == identity)) {
    findings_.Fail(absl::StrCat("alias ", alias, " stands for two alerts"));
  }
  if (!page.open) {
    // Until its close is written a page goes on.
    if (!page.unwritten) page.opened_ms = page.stray ? 0 : now_ms;
    page.unwritten = true;
  }
  page.open = true;
  const auto entry = outbox.Find(alias);
  if (!entry || !entry->desired.open()) {
    findings_.Fail(absl::StrCat(alias, " fires, and no open page is owed"));
  } else if (rule.monitor() != nullptr &&
             entry->desired.severity() != rules::LevelName(model.level)) {
    findings_.Fail(absl::StrCat(alias, " is ", rules::LevelName(model.level), ", its page ",
                                entry->desired.severity()));
  }
}

void PageLedger::AfterRound(const ShardOracle& shard, const storage::Outbox& outbox,
                            const Round& round, int64_t now_ms) {
  std::set<std::string> open_now, rule_ids;
  shard.ForEachAlertRule([&](const RuleOracle& rule) {
    rule_ids.insert(rule.runtime().id);
    if (rule.shadow()) return;
    for (const auto& [identity, model] : rule.alerts()) {
      if (!model.Fires()) continue;
      Open(rule, identity, model, outbox, round.outbox_full, now_ms, open_now);
    }
  });
  for (auto& [alias, page] : pages_) {
    if (rule_ids.count(page.rule_id) == 0) continue;
    page.unwritten =
        (page.unwritten || (page.open && open_now.count(alias) == 0)) && !round.committed;
    if (open_now.count(alias) > 0) continue;
    page.open = false;
    // A close is only owed once it is written.
    const auto entry = outbox.Find(alias);
    if (round.committed && entry && entry->desired.open()) {
      findings_.Fail(absl::StrCat(alias, " does not fire, and its page is not to be closed"));
    }
  }
}

void PageLedger::KeepRules(const std::set<std::string>& rule_ids) {
  for (auto& [alias, page] : pages_) {
    if (rule_ids.count(page.rule_id) == 0) page.open = false;
  }
}

// While a state cannot be written its page is opened all the same, because a person has to know
// (README, "A full disk"). If the process dies before that state can be written, the alert fires
// again and repeats the page. Or the condition is over by then: what delivery had noted of the page
// has it closed, but on such a disk it may have noted nothing, and then nobody is left to close it.
// So such a page may stay open, and what fires later under its alias is not told from it.
void PageLedger::AfterCrash(const ShardAlerts& alerts, int64_t now_ms) {
  for (auto& [alias, page] : pages_) {
    const auto rule = alerts.find(page.rule_id);
    const AlertModel* model = nullptr;
    if (rule != alerts.end()) {
      const auto found = rule->second.find(page.identity);
      if (found != rule->second.end()) model = &found->second;
    }
    const bool fires = model != nullptr && model->Fires();
    if (!fires && page.unwritten) {
      page.open = false;
      page.stray = any_stray_ = true;
      page.stray_since_ms = now_ms;
    } else if (fires && (page.unwritten || !page.open)) {
      page.open = true;  // as on disk: its end was not written
      page.opened_ms = 0;
    }
  }
}

// Once nothing is open any more, and nothing under way can open it, all is known again.
void PageLedger::FollowStray(const sim::SimOpsgenie& receiver, int64_t now_ms) {
  std::set<std::string> open;
  for (const auto& [id, alert] : receiver.alerts()) {
    if (alert.open) open.insert(alert.alias);
  }
  any_stray_ = false;
  for (auto& [alias, page] : pages_) {
    page.stray =
        page.stray && (open.count(alias) > 0 || now_ms - page.stray_since_ms < kUnderWayMs);
    any_stray_ = any_stray_ || page.stray;
  }
}

void PageLedger::ReadJournal(const sim::SimOpsgenie& receiver, int64_t now_ms) {
  const auto& journal = receiver.journal();
  for (auto it = journal.rbegin(); it != journal.rend() && it->number > journal_read_; ++it) {
    if (IsCreate(*it)) created_.insert(sim::Json::parse(it->body)["alias"].get<std::string>());
  }
  for (auto it = journal.rbegin(); it != journal.rend() && it->number > journal_read_; ++it) {
    const std::string closed = ClosedAlias(it->target);
    if (!closed.empty() && created_.count(closed) == 0) {
      findings_.Fail(absl::StrCat(closed, " is closed before it was opened"));
    }
    if (absl::StrContains(it->verdict, "refused:") &&
        !absl::StrContains(it->verdict, "refused: key") &&
        !absl::StrContains(it->verdict, "refused: rate")) {
      findings_.Fail(
          absl::StrCat("the receiver refuses ", it->method, " ", it->target, ": ", it->verdict));
    }
  }
  const uint64_t newest = journal.empty() ? 0 : journal.back().number;
  if (any_stray_ && newest > journal_read_) FollowStray(receiver, now_ms);
  journal_read_ = newest;
}

void PageLedger::CheckCreate(const std::string& alias, const storage::Outbox& outbox) {
  const auto entry = outbox.Find(alias);
  if (!entry || !entry->desired.open()) {
    findings_.Fail(absl::StrCat(alias, " is opened although no page is owed"));
  }
  if (pages_.count(alias) == 0) findings_.Fail(absl::StrCat(alias, " never fired"));
}

std::string PageLedger::Difference(const sim::SimOpsgenie& receiver, int64_t start_ms) const {
  std::map<std::string, const sim::SimAlert*> remote;
  std::string difference;
  for (const auto& [id, alert] : receiver.alerts()) {
    if (!alert.open) continue;
    if (!remote.emplace(alert.alias, &alert).second) {
      absl::StrAppend(&difference, " ", alert.alias, " is open twice;");
    }
  }
  for (const auto& [alias, page] : pages_) {
    const auto found = remote.find(alias);
    if (page.open && found == remote.end()) {
      absl::StrAppend(&difference, " ", alias, " fires and is not open;");
    } else if (!page.open && found != remote.end() && !page.stray) {
      absl::StrAppend(&difference, " ", alias, " does not fire and is open;");
    } else if (page.open && found->second->created_at.millis() - start_ms < page.opened_ms) {
      // An alert that fires anew pages anew.
      absl::StrAppend(&difference, " ", alias, " fires again and shows the page of before;");
    }
  }
  return difference;
}

size_t PageLedger::open() const {
  size_t open = 0;
  for (const auto& [alias, page] : pages_) open += page.open;
  return open;
}

}  // namespace tocsin::simulation
