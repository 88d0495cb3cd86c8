#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "rules/notation.h"
#include "rules/promql/ast.h"
#include "tests/support/naive/naive.h"

namespace tocsin::promqltest {

// The result at one instant.
struct Outcome {
  naive::Value value;
  naive::Annotations notes;
};

// What a script is run on: the query engine or its naive twin.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual void Clear() = 0;
  virtual void Add(const Labels& labels, int64_t time_ms, const notation::Value& value) = 0;
  // One query evaluated at each of the times in turn; the first error ends it.
  virtual absl::StatusOr<std::vector<Outcome>> Run(const promql::Expr& expr,
                                                   const engine::QueryOptions& options,
                                                   const std::vector<Timestamp>& times) = 0;
};

std::unique_ptr<Subject> MakeEngineSubject();
std::unique_ptr<Subject> MakeNaiveSubject();

// A copy of what the engine lends until its next call.
Outcome Copy(const engine::QueryResult& result);

}  // namespace tocsin::promqltest
