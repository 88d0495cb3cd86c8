#include "engine/evidence.h"

#include <utility>

namespace tocsin::engine {

void EvidenceWriter::Renew(const std::vector<const promql::Expr*>& queries, const Labels& row,
                           Timestamp now, state::v1::DesiredPage& page) {
  if (source_ == nullptr || pages_left_ == 0 || series_left_ == 0) return;
  --pages_left_;
  EvidenceQuestion question{.selectors = {}, .row = row, .now = now};
  for (const promql::Expr* query : queries) {
    for (SelectorNeed& need : QueryEngine::Needs(*query, options_)) {
      question.selectors.push_back(std::move(need));
    }
  }
  std::vector<state::v1::PageEvidence> found = source_->Find(question, series_left_);
  if (found.empty()) return;
  page.clear_evidence();
  for (state::v1::PageEvidence& one : found) *page.add_evidence() = std::move(one);
}

}  // namespace tocsin::engine
