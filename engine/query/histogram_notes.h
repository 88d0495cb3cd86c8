#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/histogram/sum.h"
#include "engine/query/operator.h"
#include "rules/promql/ast.h"

// What users are told about native histograms in queries, as Prometheus words it.
namespace tocsin::engine {

// What combined the histograms.
enum class Combination { kAddition, kSubtraction, kAggregation };

// Warnings.
Note MixedFloatsAndHistograms(absl::string_view metric);
Note MixedFloatsAndHistogramsInAggregation();
Note MixedClassicAndNative(absl::string_view metric);  // "" leaves the name out
Note NotACounter(absl::string_view metric);
Note NotAGauge(absl::string_view metric);
Note MixedExponentialAndCustom(absl::string_view metric);
Note IncompatibleBuckets(promql::BinaryOp op);
// Infos.
Note IncompatibleTypes(promql::BinaryOp op, bool left_is_histogram, bool right_is_histogram);
Note IgnoredInAggregation(promql::AggregateOp op);
Note IgnoredInMixedRange(absl::string_view metric);

// Adds a note unless it is there already, and no more than a reader can use.
void AddNote(std::vector<Note>& notes, Note note);
// What CombineNotes say of a combination.
void AddCombineNotes(std::vector<Note>& notes, const CombineNotes& what, Combination by);

}  // namespace tocsin::engine
