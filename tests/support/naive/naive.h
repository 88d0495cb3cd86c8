#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "rules/promql/ast.h"
#include "tests/support/naive/storage.h"
#include "tests/support/naive/value.h"

// The naive twin of the query engine: PromQL evaluated straight from its definitions, over all raw
// samples, one instant at a time. Slow, without state, and written independently of engine/query:
// it is what the engine is compared with.
namespace tocsin::naive {

struct Annotations {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// The value of `expr` at `t`. Errors: InvalidArgument with Prometheus' words; Unimplemented "not
// supported yet: ...". `annotations` may be null.
absl::StatusOr<Value> Evaluate(const Storage& storage, const promql::Expr& expr, Timestamp t,
                               const engine::QueryOptions& options, Annotations* annotations);

}  // namespace tocsin::naive
