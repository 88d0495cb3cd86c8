#include "engine/alerts/composite_verdicts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/alerts/label_join.h"

namespace tocsin::engine {
namespace {

using rules::CompositeNode;
using rules::Level;

// What one part of the expression says.
struct Said {
  Truth truth = Truth::kFalse;
  Level level = Level::kOk;  // the worst of the tests that hold
  bool partly_unknown = false;
};

bool HoldsForOk(const CompositeNode& test) {
  return test.test.Holds(Level::kOk, /*member_no_data=*/false);
}

class Judge {
 public:
  Judge(const rules::Composite& composite, const std::vector<MemberTable>& members, size_t rows_max)
      : composite_(composite), members_(members), rows_max_(rows_max) {
    Index(composite.root);
  }

  // The label sets at which a node may hold.
  absl::StatusOr<std::vector<Labels>> LabelSets(const CompositeNode& node) const {
    switch (node.kind) {
      case CompositeNode::Kind::kTest:
        return HoldsForOk(node) ? std::vector<Labels>{Labels()} : Holding(node);
      case CompositeNode::Kind::kAnd: {
        std::vector<Labels> sets = {Labels()};
        for (const CompositeNode& child : node.children) {
          TOCSIN_ASSIGN_OR_RETURN(const std::vector<Labels> of_child, LabelSets(child));
          TOCSIN_ASSIGN_OR_RETURN(sets, JoinLabels(sets, of_child, rows_max_));
        }
        return sets;
      }
      case CompositeNode::Kind::kOr:
        break;
    }
    std::vector<Labels> sets;
    for (const CompositeNode& child : node.children) {
      TOCSIN_ASSIGN_OR_RETURN(const std::vector<Labels> of_child, LabelSets(child));
      sets.insert(sets.end(), of_child.begin(), of_child.end());
    }
    return sets;
  }

  CompositeVerdict VerdictAt(const Labels& labels) {
    const Said said = At(composite_.root, labels);
    CompositeVerdict verdict{labels, said.truth, Level::kOk, said.partly_unknown};
    if (said.truth != Truth::kTrue) return verdict;
    const Level worst = said.level == Level::kOk ? Level::kCritical : said.level;
    verdict.level = composite_.severity.value_or(worst);
    return verdict;
  }

 private:
  const MemberTable& TableOf(const CompositeNode& test) const { return members_[test.member]; }

  static Labels Counting(const CompositeNode& test, const Labels& labels) {
    return test.on ? LabelsBuilder(labels).Keep(*test.on).Build() : labels;
  }

  void Index(const CompositeNode& node) {
    if (node.kind == CompositeNode::Kind::kTest) {
      StandingIndex& index = indexes_[&node];
      for (const MemberRow& row : TableOf(node).rows) {
        index.Add(Counting(node, row.labels), {row.level, row.no_data});
      }
    }
    for (const CompositeNode& child : node.children) Index(child);
  }

  std::vector<Labels> Holding(const CompositeNode& test) const {
    std::vector<Labels> sets;
    if (!TableOf(test).known) return sets;
    for (const MemberRow& row : TableOf(test).rows) {
      if (test.test.Holds(row.level, row.no_data)) sets.push_back(Counting(test, row.labels));
    }
    return sets;
  }

  Said At(const CompositeNode& node, const Labels& labels) {
    if (node.kind == CompositeNode::Kind::kTest) return TestAt(node, labels);
    const bool both = node.kind == CompositeNode::Kind::kAnd;
    Said all{both ? Truth::kTrue : Truth::kFalse};
    for (const CompositeNode& child : node.children) {
      const Said said = At(child, labels);
      all.truth = both ? std::min(all.truth, said.truth) : std::max(all.truth, said.truth);
      if (said.truth == Truth::kTrue) all.level = std::max(all.level, said.level);
      all.partly_unknown = all.partly_unknown || said.partly_unknown;
    }
    return all;
  }

  Said TestAt(const CompositeNode& node, const Labels& labels) {
    if (!TableOf(node).known) return {Truth::kUnknown, Level::kOk, true};
    const Standing worst = indexes_.at(&node).WorstAt(labels);
    if (!node.test.Holds(worst.level, worst.no_data)) return {};
    return {Truth::kTrue, worst.level, false};
  }

  const rules::Composite& composite_;
  const std::vector<MemberTable>& members_;
  const size_t rows_max_;
  std::map<const CompositeNode*, StandingIndex> indexes_;
};

}  // namespace

absl::StatusOr<std::vector<CompositeVerdict>> JudgeComposite(
    const rules::Composite& composite, const std::vector<MemberTable>& members,
    const std::vector<Labels>& also, size_t rows_max) {
  Judge judge(composite, members, rows_max);
  TOCSIN_ASSIGN_OR_RETURN(std::vector<Labels> sets, judge.LabelSets(composite.root));
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  if (sets.size() > rows_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the members' label sets make more than ", rows_max, " alerts"));
  }
  sets.insert(sets.end(), also.begin(), also.end());
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  std::vector<CompositeVerdict> verdicts;
  for (const Labels& labels : sets) verdicts.push_back(judge.VerdictAt(labels));
  return verdicts;
}

}  // namespace tocsin::engine
