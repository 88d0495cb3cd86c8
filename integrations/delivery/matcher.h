#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"

namespace re2 {
class RE2;
}

namespace tocsin::delivery {

// One condition on a label, as in Alertmanager: an absent label has the value "", a regular
// expression must match the whole value. Thread: immutable, any.
class Matcher {
 public:
  enum class Op { kEqual, kNotEqual, kMatch, kNotMatch };

  // InvalidArgument if `value` is not a regular expression (RE2) where one is asked for.
  static absl::StatusOr<Matcher> Make(std::string name, Op op, std::string value);

  bool Matches(const Labels& labels) const;

  const std::string& name() const { return name_; }
  Op op() const { return op_; }
  const std::string& value() const { return value_; }
  std::string ToString() const;  // team="payments"

 private:
  Matcher() = default;

  std::string name_;
  Op op_ = Op::kEqual;
  std::string value_;
  std::shared_ptr<const re2::RE2> regex_;  // kMatch, kNotMatch
};

// Reads one or more matchers: `team="payments"`, `{team=~"pay.*", severity!=warning}`. Values and
// names may be quoted (escapes \" \\ \n) or bare. InvalidArgument names the position (from 1) and
// what was expected.
absl::StatusOr<std::vector<Matcher>> ParseMatchers(absl::string_view text);

}  // namespace tocsin::delivery
