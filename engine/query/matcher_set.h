#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "rules/promql/ast.h"

namespace re2 {
class RE2;
}

namespace tocsin::engine {

// A compiled label matcher. A label that is absent has the value "". Regexes match the whole value;
// the usual shapes (literals, alternatives of literals, `.*`, `.+`) are decided without a regex
// engine.
class CompiledMatcher {
 public:
  static absl::StatusOr<CompiledMatcher> Compile(const promql::Matcher& matcher);

  const std::string& name() const { return name_; }
  bool Matches(absl::string_view value) const;
  // The only values that match, if they are few enough to be listed; else null.
  const absl::flat_hash_set<std::string>* accepted() const {
    return kind_ == Kind::kOneOf && !negated_ ? &values_ : nullptr;
  }

 private:
  enum class Kind { kOneOf, kAnything, kNonEmpty, kRegex };
  Kind kind_ = Kind::kOneOf;
  bool negated_ = false;
  std::string name_;
  absl::flat_hash_set<std::string> values_;  // kOneOf
  std::shared_ptr<const re2::RE2> regex_;    // kRegex
};

// Anchored, with `.` matching newline, as PromQL wants. InvalidArgument with RE2's words.
absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(absl::string_view pattern);

// All matchers of one selector. Thread: immutable, any.
class MatcherSet {
 public:
  static absl::StatusOr<MatcherSet> Compile(const std::vector<promql::Matcher>& matchers);

  bool Matches(const Labels& labels) const;
  // The metric name that every match has, if the matchers say it by equality.
  const std::optional<std::string>& metric() const { return metric_; }
  const std::vector<CompiledMatcher>& matchers() const { return matchers_; }

 private:
  std::vector<CompiledMatcher> matchers_;
  std::optional<std::string> metric_;
};

// The same selector gives the same text whatever the order of its matchers.
std::string MatcherKey(const std::vector<promql::Matcher>& matchers);

}  // namespace tocsin::engine
