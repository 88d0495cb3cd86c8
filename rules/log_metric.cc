#include "rules/log_metric.h"

#include "rules/promql/regex.h"

namespace tocsin::rules {

bool LogCondition::Holds(absl::string_view value) const {
  switch (op) {
    case Op::kEqual:
      return value == text;
    case Op::kNotEqual:
      return value != text;
    case Op::kRegex:
      return promql::FullMatch(*pattern, value);
    case Op::kNotRegex:
      return !promql::FullMatch(*pattern, value);
    case Op::kAtLeast:
      return LogSeverityNumber(value) >= LogSeverityNumber(text);
  }
  return false;
}

}  // namespace tocsin::rules
