#include "engine/query/matcher_set.h"

#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace tocsin::engine {
namespace {

using promql::MatchOp;

bool HasRegexSyntax(absl::string_view text) {
  return text.find_first_of("\\.+*?()|[]{}^$") != absl::string_view::npos;
}

// "a|b|c" without any other regex syntax.
bool IsAlternativesOfLiterals(absl::string_view pattern) {
  return pattern.find_first_of("\\.+*?()[]{}^$") == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileRegex(absl::string_view pattern) {
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  auto regex =
      std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("error parsing regexp: ", regex->error(), ": `", pattern, "`"));
  }
  return regex;
}

absl::StatusOr<CompiledMatcher> CompiledMatcher::Compile(const promql::Matcher& matcher) {
  CompiledMatcher out;
  out.name_ = matcher.name;
  out.negated_ = matcher.op == MatchOp::kNotEqual || matcher.op == MatchOp::kNotRegex;
  const bool is_regex = matcher.op == MatchOp::kRegex || matcher.op == MatchOp::kNotRegex;
  if (!is_regex || !HasRegexSyntax(matcher.value)) {
    out.values_.insert(matcher.value);
  } else if (matcher.value == ".*") {
    out.kind_ = Kind::kAnything;
  } else if (matcher.value == ".+") {
    out.kind_ = Kind::kNonEmpty;
  } else if (IsAlternativesOfLiterals(matcher.value)) {
    for (absl::string_view value : absl::StrSplit(matcher.value, '|')) {
      out.values_.insert(std::string(value));
    }
  } else {
    out.kind_ = Kind::kRegex;
    TOCSIN_ASSIGN_OR_RETURN(out.regex_, CompileRegex(matcher.value));
  }
  return out;
}

bool CompiledMatcher::Matches(absl::string_view value) const {
  switch (kind_) {
    case Kind::kOneOf:
      return values_.contains(value) != negated_;
    case Kind::kAnything:
      return !negated_;
    case Kind::kNonEmpty:
      return value.empty() == negated_;
    case Kind::kRegex:
      return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_) != negated_;
  }
  return false;
}

absl::StatusOr<MatcherSet> MatcherSet::Compile(const std::vector<promql::Matcher>& matchers) {
  MatcherSet out;
  for (const promql::Matcher& matcher : matchers) {
    TOCSIN_ASSIGN_OR_RETURN(CompiledMatcher compiled, CompiledMatcher::Compile(matcher));
    if (matcher.op == MatchOp::kEqual && matcher.name == kMetricName && !matcher.value.empty()) {
      out.metric_ = matcher.value;
    }
    out.matchers_.push_back(std::move(compiled));
  }
  return out;
}

bool MatcherSet::Matches(const Labels& labels) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [&](const CompiledMatcher& matcher) {
    return matcher.Matches(labels.Get(matcher.name()));
  });
}

std::string MatcherKey(const std::vector<promql::Matcher>& matchers) {
  std::vector<std::string> parts;
  for (const promql::Matcher& matcher : matchers) {
    // Lengths keep the parts apart whatever bytes names and values hold.
    parts.push_back(absl::StrCat(static_cast<int>(matcher.op), ":", matcher.name.size(), ":",
                                 matcher.name, matcher.value.size(), ":", matcher.value));
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return absl::StrJoin(parts, ",");
}

}  // namespace tocsin::engine
