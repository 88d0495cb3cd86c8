#include "engine/recording_rules.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "engine/query/matcher_set.h"

namespace tocsin::engine {
namespace {

using promql::Matcher;
using rules::RecordRule;

const std::string* LabelOf(const RecordRule& rule, const std::string& name) {
  const auto found = std::find_if(rule.labels.begin(), rule.labels.end(),
                                  [&](const auto& label) { return label.first == name; });
  return found == rule.labels.end() ? nullptr : &found->second;
}

bool Matches(const Matcher& matcher, absl::string_view value) {
  const auto compiled = CompiledMatcher::Compile(matcher);
  return compiled.ok() && compiled->Matches(value);
}

// The query of `rule`, of whose series `need` selects some, as `from` wants it. nullopt: the labels
// that the rule gives are not selected.
std::optional<EvidenceQuery> Through(const EvidenceQuery& from, const SelectorNeed& need,
                                     const RecordRule& rule) {
  EvidenceQuery query{.query = rule.query.expr.get(),
                      .matchers = {},
                      .given = from.given,
                      .back = from.back + need.reach};
  for (const Matcher& matcher : need.matchers) {
    if (matcher.name == kMetricName) continue;
    const std::string* given = LabelOf(rule, matcher.name);
    if (given == nullptr) {
      query.matchers.push_back(matcher);
    } else if (!Matches(matcher, *given)) {
      return std::nullopt;
    }
  }
  for (const Matcher& matcher : from.matchers) {
    const std::string* given = LabelOf(rule, matcher.name);
    if (given == nullptr) {
      query.matchers.push_back(matcher);
    } else if (!given->empty() && !Matches(matcher, *given)) {
      return std::nullopt;
    }
  }
  // What a rule nearer to the alert gives is what its row has.
  query.given.insert(rule.labels.begin(), rule.labels.end());
  return query;
}

bool Same(const EvidenceQuery& a, const EvidenceQuery& b) {
  return a.query == b.query && a.given == b.given &&
         MatcherKey(a.matchers) == MatcherKey(b.matchers);
}

}  // namespace

RecordingRules::RecordingRules(const rules::RuleSet& rules, const QueryOptions& options)
    : options_(options) {
  for (const rules::Group& group : rules.groups) {
    for (const rules::GroupRule& rule : group.rules) {
      const auto* record = std::get_if<RecordRule>(&rule);
      if (record == nullptr) continue;
      Named& named = by_name_[record->name];
      named.all.push_back(record);
      for (const auto& label : record->labels) {
        named.giving[label].push_back(record);
        named.lacking[label.first];
      }
    }
  }
  for (auto& [name, named] : by_name_) {
    for (auto& [label, lacking] : named.lacking) {
      std::copy_if(named.all.begin(), named.all.end(), std::back_inserter(lacking),
                   [&label = label](const RecordRule* rule) { return !LabelOf(*rule, label); });
    }
  }
}

// All that may record what is selected.
RecordingRules::Rules RecordingRules::Candidates(const Named& named, const SelectorNeed& need) {
  for (const Matcher& matcher : need.matchers) {
    if (matcher.op != promql::MatchOp::kEqual) continue;
    const auto lacking = named.lacking.find(matcher.name);
    if (lacking == named.lacking.end()) continue;
    Rules rules = lacking->second;
    const auto giving = named.giving.find(std::pair(matcher.name, matcher.value));
    if (giving == named.giving.end()) return rules;
    rules.insert(rules.begin(), giving->second.begin(), giving->second.end());
    return rules;
  }
  return named.all;
}

std::vector<RecordingRules::Step> RecordingRules::Next(const Step& step) const {
  std::vector<Step> next;
  for (const SelectorNeed& need : QueryEngine::Needs(*step.query.query, options_)) {
    const auto selector = MatcherSet::Compile(need.matchers);
    if (!selector.ok() || !selector->metric()) continue;
    const auto named = by_name_.find(*selector->metric());
    if (named == by_name_.end()) continue;
    for (const RecordRule* rule : Candidates(named->second, need)) {
      if (std::find(step.way.begin(), step.way.end(), rule) != step.way.end()) continue;
      auto query = Through(step.query, need, *rule);
      if (!query) continue;
      Step& added = next.emplace_back(Step{*std::move(query), step.way});
      added.way.push_back(rule);
      if (next.size() == kQueriesMax) return next;
    }
  }
  return next;
}

std::vector<EvidenceQuery> RecordingRules::Behind(const std::vector<EvidenceQuery>& queries) const {
  std::vector<EvidenceQuery> found;
  if (by_name_.empty()) return found;
  std::vector<Step> steps;
  for (const EvidenceQuery& query : queries) steps.push_back({query, {}});
  for (size_t depth = 0; depth < kDepthMax; ++depth) {
    std::vector<Step> next;
    for (const Step& step : steps) {
      for (Step& one : Next(step)) {
        const bool known = std::any_of(found.begin(), found.end(), [&](const EvidenceQuery& other) {
          return Same(one.query, other);
        });
        if (known) continue;
        found.push_back(one.query);
        if (found.size() == kQueriesMax) return found;
        next.push_back(std::move(one));
      }
    }
    steps = std::move(next);
  }
  return found;
}

}  // namespace tocsin::engine
