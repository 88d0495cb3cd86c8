#include "rules/threshold_decoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/condition.h"
#include "rules/decode_values.h"

namespace tocsin::rules {
namespace {

constexpr char kConditionHint[] = "write for example \"> 900\"; operators are > >= < <= == !=";

// A condition with the node it stands in.
struct Placed {
  Condition condition;
  const YamlNode* node = nullptr;
};

std::optional<Placed> ReadCondition(DecodeContext& context, const YamlNode* node,
                                    absl::string_view what) {
  if (node == nullptr) return std::nullopt;
  const std::optional<std::string> text = ReadString(context, *node, what);
  if (!text) return std::nullopt;
  const absl::StatusOr<Condition> condition = ParseCondition(*text);
  if (!condition.ok()) {
    context.Error(*node, code::kBadValue,
                  absl::StrCat(what, ": ", std::string(condition.status().message())),
                  kConditionHint);
    return std::nullopt;
  }
  if (!CanHold(*condition)) {
    context.Error(*node, code::kUnreachable,
                  absl::StrCat(what, ": no value is ", condition->ToString()));
    return std::nullopt;
  }
  return Placed{*condition, node};
}

struct Recovery {
  std::optional<Placed> critical;
  std::optional<Placed> warning;
};

Recovery ReadRecovery(DecodeContext& context, const YamlNode* node, bool has_critical,
                      bool has_warning) {
  if (node == nullptr) return {};
  if (node->kind != YamlNode::Kind::kMap) {
    const std::optional<Placed> both = ReadCondition(context, node, "recovery");
    return {has_critical ? both : std::nullopt, has_warning ? both : std::nullopt};
  }
  const MapReader reader(context, *node, "recovery", {"critical", "warning"});
  for (const auto& [key, has_level] :
       {std::pair("critical", has_critical), std::pair("warning", has_warning)}) {
    if (!has_level && reader.Find(key)) {
      context.Error(reader.Key(key), code::kConflict,
                    absl::StrCat("recovery of ", key, ", but the threshold has no ", key));
    }
  }
  return {ReadCondition(context, reader.Find("critical"), "recovery of critical"),
          ReadCondition(context, reader.Find("warning"), "recovery of warning")};
}

// While both hold, the alert would recover and fire at once.
void CheckRecovery(DecodeContext& context, const std::optional<Placed>& trigger,
                   const std::optional<Placed>& recovery, const char* level) {
  if (!trigger || !recovery || !Overlap(trigger->condition, recovery->condition)) return;
  context.Error(*recovery->node, code::kUnreachable,
                absl::StrCat("recovery \"", recovery->condition.ToString(), "\" overlaps ", level,
                             " \"", trigger->condition.ToString(), "\""),
                "a value must not fulfil both, or the alert would recover and fire at once");
}

void CheckLevels(DecodeContext& context, const Placed& critical, const Placed& warning) {
  if (CanHoldWithout(warning.condition, critical.condition)) return;
  context.Error(*warning.node, code::kUnreachable,
                absl::StrCat("warning \"", warning.condition.ToString(),
                             "\" can never be reached: critical \"", critical.condition.ToString(),
                             "\" holds for all its values"),
                "warning must be the wider condition of the two");
}

std::optional<Condition> ConditionOf(const std::optional<Placed>& placed) {
  if (!placed) return std::nullopt;
  return placed->condition;
}

}  // namespace

std::optional<Threshold> DecodeThreshold(DecodeContext& context, const YamlNode& node) {
  const MapReader reader(context, node, "threshold", {"critical", "warning", "recovery"});
  if (!reader.is_map()) return std::nullopt;
  const bool has_critical = reader.Find("critical") != nullptr;
  const bool has_warning = reader.Find("warning") != nullptr;
  if (!has_critical && !has_warning) {
    context.Error(node, code::kMissingKey, "threshold needs critical, warning or both",
                  kConditionHint);
    return std::nullopt;
  }
  const auto critical = ReadCondition(context, reader.Find("critical"), "critical");
  const auto warning = ReadCondition(context, reader.Find("warning"), "warning");
  const Recovery recovery =
      ReadRecovery(context, reader.Find("recovery"), has_critical, has_warning);
  if (critical && warning) CheckLevels(context, *critical, *warning);
  CheckRecovery(context, critical, recovery.critical, "critical");
  CheckRecovery(context, warning, recovery.warning, "warning");
  return Threshold{ConditionOf(critical), ConditionOf(warning), ConditionOf(recovery.critical),
                   ConditionOf(recovery.warning)};
}

}  // namespace tocsin::rules
