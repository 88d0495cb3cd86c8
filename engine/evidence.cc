#include "engine/evidence.h"

#include <algorithm>
#include <utility>

namespace tocsin::engine {
namespace {

// The row may be of what rules with these labels recorded.
bool MayBeOf(const std::map<std::string, std::string>& given, const Labels& row) {
  return std::all_of(given.begin(), given.end(), [&](const auto& label) {
    const absl::string_view value = row.Get(label.first);
    return value.empty() || label.second.empty() || value == label.second;
  });
}

Labels Without(const Labels& row, const std::map<std::string, std::string>& given) {
  if (given.empty()) return row;
  LabelsBuilder labels(row);
  for (const auto& [name, value] : given) labels.Delete(name);
  return labels.Build();
}

}  // namespace

EvidenceQuestion MakeEvidenceQuestion(const std::vector<EvidenceQuery>& queries, const Labels& row,
                                      Timestamp now, const QueryOptions& options) {
  EvidenceQuestion question{.selectors = {}, .now = now};
  for (const EvidenceQuery& query : queries) {
    if (!MayBeOf(query.given, row)) continue;
    const Labels told = Without(row, query.given);
    for (SelectorNeed& need : QueryEngine::Needs(*query.query, options)) {
      need.reach += query.back;
      question.selectors.push_back({std::move(need), query.matchers, told});
    }
  }
  return question;
}

void EvidenceWriter::Renew(const std::vector<EvidenceQuery>& queries, const Labels& row,
                           Timestamp now, state::v1::DesiredPage& page) {
  if (source_ == nullptr || pages_left_ == 0 || series_left_ == 0) return;
  --pages_left_;
  std::vector<state::v1::PageEvidence> found =
      source_->Find(MakeEvidenceQuestion(queries, row, now, options_), series_left_);
  if (found.empty()) return;
  page.clear_evidence();
  for (state::v1::PageEvidence& one : found) *page.add_evidence() = std::move(one);
}

}  // namespace tocsin::engine
