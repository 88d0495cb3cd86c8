#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/evidence.h"
#include "engine/query/query_engine.h"
#include "rules/rule.h"

namespace tocsin::engine {

// Which recording rules are behind the series that queries select, so that pages of rules over
// recorded series find what was told of the series they were recorded from. Knows all rules of a
// set, whatever shard runs them: evidence is not a shard's.
//
// Passive; thread: one. Borrows the rule set, and so does what it gives.
class RecordingRules {
 public:
  static constexpr size_t kDepthMax = 4;     // rules over series of rules
  static constexpr size_t kQueriesMax = 20;  // behind the queries of one rule

  RecordingRules(const rules::RuleSet& rules, const QueryOptions& options);

  // The queries of the recording rules whose series these queries select by a metric name, of those
  // that these select, and so on: the nearest first, each rule once on a way.
  std::vector<EvidenceQuery> Behind(const std::vector<EvidenceQuery>& queries) const;

 private:
  struct Step {
    EvidenceQuery query;
    std::vector<const rules::RecordRule*> way;  // of rules that led to it
  };

  using Rules = std::vector<const rules::RecordRule*>;

  // The rules that record under one name. Generated ones are many, and differ in a label they give.
  struct Named {
    Rules all;
    absl::flat_hash_map<std::pair<std::string, std::string>, Rules> giving;  // label and value
    absl::flat_hash_map<std::string, Rules> lacking;                         // labels others give
  };

  static Rules Candidates(const Named& named, const SelectorNeed& need);
  std::vector<Step> Next(const Step& step) const;

  const QueryOptions options_;
  absl::flat_hash_map<std::string, Named> by_name_;
};

}  // namespace tocsin::engine
