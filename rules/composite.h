#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/diagnostic.h"
#include "rules/rule.h"

namespace tocsin::rules {

// What a composite monitor says about other rules:
//
//   checkout-latency >= warning and not deploy-running
//
//   expression   names, `and`, `or`, `not`, parentheses; `not` binds closest, then `and`, then `or`
//   name         of a monitor or of alerting rules of Prometheus: letters, digits, `_` and `-`;
//                any other, and one that is a word of this language, stands in quotes
//   comparison   == != >= > <= < with ok, warning, critical; == != with no_data. A name alone
//                means `!= ok`: it fires
//   on (labels)  behind `and` or `or`: of what is to the right only these labels count

// What is asked of one member. Rules of Prometheus fire as critical, or as warning if their label
// severity says so; what is pending is ok. An alert that fires because data stopped has a level,
// too: `no_data` asks for the cause.
struct MemberTest {
  CompareOp op = CompareOp::kNotEqual;
  Level level = Level::kOk;
  bool no_data = false;  // `level` is unused, `op` is kEqual or kNotEqual
  bool Holds(Level member, bool member_no_data) const;
};

// Negations are pushed down into the tests, which is the same in three-valued logic.
struct CompositeNode {
  enum class Kind { kTest, kAnd, kOr };
  Kind kind = Kind::kTest;
  // Of a test.
  size_t member = 0;  // in Composite::members
  MemberTest test;
  std::optional<std::vector<std::string>> on;  // the labels that count; absent: all
  // Of `and` and `or`: two or more.
  std::vector<CompositeNode> children;
};

struct CompositeMember {
  std::string name;
  size_t offset = 0;        // in bytes, where it is named first
  SourcePosition position;  // there
};

struct Composite {
  std::string text;  // as written
  CompositeNode root;
  std::vector<CompositeMember> members;  // each name once, in the order of the text
  // Absent: the worst level among the members whose tests hold; critical if none of them fires.
  std::optional<Level> severity;
};

struct CompositeError {
  size_t offset = 0;  // in bytes
  std::string message;
  std::string hint;
};

// Exactly one is set. Members have no `position` yet.
struct ParsedComposite {
  std::shared_ptr<Composite> composite;
  std::optional<CompositeError> error;
};

// Limits of one expression.
inline constexpr size_t kCompositeBytesMax = 65'536;
inline constexpr size_t kCompositeTestsMax = 1'000;
inline constexpr size_t kCompositeDepthMax = 64;  // of parentheses and `not`

// Pure; thread: any.
ParsedComposite ParseComposite(absl::string_view text);

}  // namespace tocsin::rules
