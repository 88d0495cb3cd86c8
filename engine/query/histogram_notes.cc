#include "engine/query/histogram_notes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::engine {
namespace {

constexpr size_t kNotesMax = 20;

Note Warning(std::string text) {
  return {true, std::move(text)};
}
Note Info(std::string text) {
  return {false, std::move(text)};
}

absl::string_view Name(Combination by) {
  switch (by) {
    case Combination::kAddition:
      return "addition";
    case Combination::kSubtraction:
      return "subtraction";
    case Combination::kAggregation:
      break;
  }
  return "aggregation";
}

absl::string_view TypeName(bool is_histogram) {
  return is_histogram ? "histogram" : "float";
}

}  // namespace

Note MixedFloatsAndHistograms(absl::string_view metric) {
  return Warning(
      absl::StrCat("encountered a mix of histograms and floats for metric name \"", metric, "\""));
}
Note MixedFloatsAndHistogramsInAggregation() {
  return Warning("encountered a mix of histograms and floats for aggregation");
}
Note MixedClassicAndNative(absl::string_view metric) {
  return Warning(
      absl::StrCat("vector contains a mix of classic and native histograms",
                   metric.empty() ? "" : absl::StrCat(" for metric name \"", metric, "\"")));
}
Note NotACounter(absl::string_view metric) {
  return Warning(absl::StrCat("this native histogram metric is not a counter: \"", metric, "\""));
}
Note NotAGauge(absl::string_view metric) {
  return Warning(absl::StrCat("this native histogram metric is not a gauge: \"", metric, "\""));
}
Note MixedExponentialAndCustom(absl::string_view metric) {
  return Warning(absl::StrCat(
      "vector contains a mix of histograms with exponential and custom buckets schemas for metric "
      "name \"",
      metric, "\""));
}
Note IncompatibleBuckets(promql::BinaryOp op) {
  return Warning(absl::StrCat("incompatible bucket layout encountered for binary operator ",
                              promql::BinaryOpName(op)));
}
Note IncompatibleTypes(promql::BinaryOp op, bool left_is_histogram, bool right_is_histogram) {
  const absl::string_view name = promql::BinaryOpName(op);
  return Info(absl::StrCat("incompatible sample types encountered for binary operator \"", name,
                           "\": ", TypeName(left_is_histogram), " ", name, " ",
                           TypeName(right_is_histogram)));
}
Note IgnoredInAggregation(promql::AggregateOp op) {
  return Info(absl::StrCat("ignored histogram in ", promql::AggregateOpName(op), " aggregation"));
}
Note IgnoredInMixedRange(absl::string_view metric) {
  return Info(absl::StrCat(
      "ignored histograms in a range containing both floats and histograms for metric name \"",
      metric, "\""));
}

void AddNote(std::vector<Note>& notes, Note note) {
  if (notes.size() >= kNotesMax) return;
  const bool told = std::any_of(notes.begin(), notes.end(), [&](const Note& known) {
    return known.part == note.part && known.text == note.text;
  });
  if (!told) notes.push_back(std::move(note));
}

void AddCombineNotes(std::vector<Note>& notes, const CombineNotes& what, Combination by) {
  if (what.reset_collision) {
    AddNote(notes, Warning(absl::StrCat("conflicting counter resets during histogram ", Name(by))));
  }
  if (what.bounds_reconciled) {
    AddNote(notes,
            Info(absl::StrCat("mismatched custom buckets were reconciled during ", Name(by))));
  }
}

}  // namespace tocsin::engine
