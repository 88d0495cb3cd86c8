#include "rules/rule.h"

#include <charconv>
#include <cmath>

#include "base/check.h"

namespace tocsin::rules {
namespace {

const char* OpText(CompareOp op) {
  switch (op) {
    case CompareOp::kGreater:
      return ">";
    case CompareOp::kGreaterEqual:
      return ">=";
    case CompareOp::kLess:
      return "<";
    case CompareOp::kLessEqual:
      return "<=";
    case CompareOp::kEqual:
      return "==";
    case CompareOp::kNotEqual:
      return "!=";
  }
  return "?";
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  TOCSIN_CHECK(error == std::errc()) << "a double needs at most 24 characters";
  return std::string(buffer, end);
}

}  // namespace

bool Condition::Holds(double value) const {
  switch (op) {
    case CompareOp::kGreater:
      return value > bound;
    case CompareOp::kGreaterEqual:
      return value >= bound;
    case CompareOp::kLess:
      return value < bound;
    case CompareOp::kLessEqual:
      return value <= bound;
    case CompareOp::kEqual:
      return value == bound;
    case CompareOp::kNotEqual:
      return value != bound;
  }
  return false;
}

std::string Condition::ToString() const {
  return std::string(OpText(op)) + " " + NumberText(bound);
}

const char* LevelName(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarning:
      return "warning";
    case Level::kCritical:
      return "critical";
  }
  return "unknown";
}

}  // namespace tocsin::rules
