#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/promql/ast.h"

namespace tocsin::engine {

// A query whose series pages tell evidence of: a rule's own, or that of a recording rule whose
// series it reads (engine/recording_rules.h). Borrowed of the rule set.
struct EvidenceQuery {
  const promql::Expr* query = nullptr;
  // What was selected of the recorded series: it holds for a series wherever that has the label.
  std::vector<promql::Matcher> matchers;
  // Labels that recording rules give to what they record ("": take from it). The row is to have
  // them wherever it has the label; what the series has under these names is not told by the row.
  std::map<std::string, std::string> given;
  absl::Duration back;  // how far back the recorded series are read
};

// Of which series a page tells evidence: those that the selector selects, for which the matchers
// hold wherever they have the label, and that have the same value as the row wherever both have a
// label.
struct EvidenceSelector {
  SelectorNeed need;
  std::vector<promql::Matcher> matchers;
  Labels row;
};

struct EvidenceQuestion {
  std::vector<EvidenceSelector> selectors;
  Timestamp now;
};

// What a page with this row of the result asks for.
EvidenceQuestion MakeEvidenceQuestion(const std::vector<EvidenceQuery>& queries, const Labels& row,
                                      Timestamp now, const QueryOptions& options);

// What senders told of series besides their samples, for pages.
//
// Thread: any; a shard waits for the answer, so it has to be quick.
class EvidenceSource {
 public:
  virtual ~EvidenceSource() = default;

  // The newest first, of each kind; empty: nothing is known. Looks at no more than `series_left`
  // series, and takes those it looked at from it.
  virtual std::vector<state::v1::PageEvidence> Find(const EvidenceQuestion& question,
                                                    size_t& series_left) const = 0;
};

// Puts evidence into the pages of a shard, within what one round may cost: a storm of pages needs
// none.
//
// Thread: one at a time (the shard's). Borrows the source; null: there is no evidence.
class EvidenceWriter {
 public:
  static constexpr size_t kPagesPerRound = 50;
  static constexpr size_t kSeriesPerRound = 50'000;

  EvidenceWriter() = default;
  EvidenceWriter(const EvidenceSource* source, const QueryOptions& options)
      : source_(source), options_(options) {}

  void BeginRound() {
    pages_left_ = kPagesPerRound;
    series_left_ = kSeriesPerRound;
  }
  // Replaces the page's evidence by that of now. It stays if there is none, or the round has paid
  // for enough.
  void Renew(const std::vector<EvidenceQuery>& queries, const Labels& row, Timestamp now,
             state::v1::DesiredPage& page);

 private:
  const EvidenceSource* source_ = nullptr;
  QueryOptions options_;
  size_t pages_left_ = kPagesPerRound;
  size_t series_left_ = kSeriesPerRound;
};

}  // namespace tocsin::engine
