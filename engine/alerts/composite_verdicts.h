#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/labels.h"
#include "rules/composite.h"

// What a composite monitor's expression says, by label set. Pure functions; thread: any.
//
// Every member is a table of the alerts that fire; whatever has no row in it is ok. A test looks at
// the rows that agree with a label set in all labels both have, and the worst of them counts: a row
// without labels speaks for all. With `on` rows are cut to those labels first.
//
// Label sets come from the rows whose tests hold: those of `and` are joined on the labels both
// sides have (no label in common: each with each) and have the labels of both; those of `or` are
// put side by side. A test that also holds for what is ok (`not x`) adds no label sets; if there
// are no others, the empty one stands for everything.
namespace tocsin::engine {

// Kleene's three values: `and` is the least, `or` the greatest.
enum class Truth : uint8_t { kFalse = 0, kUnknown = 1, kTrue = 2 };

struct MemberRow {
  Labels labels;  // of the query's row, without the metric's name
  rules::Level level = rules::Level::kOk;
  bool no_data = false;
};
struct MemberTable {
  // False: it was not evaluated since the start, or its evaluation fails. All its tests are unknown
  // then.
  bool known = false;
  std::vector<MemberRow> rows;
};

struct CompositeVerdict {
  Labels labels;
  Truth truth = Truth::kFalse;
  rules::Level level = rules::Level::kOk;  // if kTrue
  bool partly_unknown = false;             // kTrue whatever the unknown members are, but how bad?
};

// The verdicts of all label sets that the tables give and of those in `also`, each once, in order.
// `members` as in `composite`. ResourceExhausted if the tables give more than `rows_max`.
absl::StatusOr<std::vector<CompositeVerdict>> JudgeComposite(
    const rules::Composite& composite, const std::vector<MemberTable>& members,
    const std::vector<Labels>& also, size_t rows_max);

}  // namespace tocsin::engine
