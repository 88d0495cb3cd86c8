#include "rules/alert_step.h"

namespace tocsin::rules {

const char* AlertPhaseName(AlertPhase phase) {
  switch (phase) {
    case AlertPhase::kOk:
      return "ok";
    case AlertPhase::kPending:
      return "pending";
    case AlertPhase::kFiring:
      return "firing";
    case AlertPhase::kNoData:
      return "no_data";
  }
  return "unknown";
}

const char* TransitionName(Transition transition) {
  switch (transition) {
    case Transition::kNone:
      return "none";
    case Transition::kPending:
      return "pending";
    case Transition::kUnpending:
      return "unpending";
    case Transition::kFired:
      return "fired";
    case Transition::kRaised:
      return "raised";
    case Transition::kLowered:
      return "lowered";
    case Transition::kResolved:
      return "resolved";
    case Transition::kForgotten:
      return "forgotten";
  }
  return "unknown";
}

const char* ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kConditionMet:
      return "condition_met";
    case Reason::kForElapsed:
      return "for_elapsed";
    case Reason::kConditionCleared:
      return "condition_cleared";
    case Reason::kRecovered:
      return "recovered";
    case Reason::kKeepFiring:
      return "keep_firing";
    case Reason::kRowVanished:
      return "row_vanished";
    case Reason::kNoData:
      return "no_data";
    case Reason::kDataCameBack:
      return "data_came_back";
    case Reason::kNoDataForgotten:
      return "no_data_forgotten";
    case Reason::kLevelChanged:
      return "level_changed";
    case Reason::kForRaised:
      return "for_raised";
    case Reason::kRuleRemoved:
      return "rule_removed";
    case Reason::kHeldAfterRestart:
      return "held_after_restart";
    case Reason::kRuleChanged:
      return "rule_changed";
    case Reason::kLimitExceeded:
      return "limit_exceeded";
    case Reason::kShadowed:
      return "shadowed";
    case Reason::kPageOwed:
      return "page_owed";
  }
  return "unknown";
}

}  // namespace tocsin::rules
