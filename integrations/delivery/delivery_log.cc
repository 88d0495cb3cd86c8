#include "integrations/delivery/delivery_log.h"

namespace tocsin::delivery {
namespace {

LogLevel LevelOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRetried:
    case Outcome::kThrottled:
    case Outcome::kUnknown:
      return LogLevel::kWarning;
    case Outcome::kRejected:
    case Outcome::kDiscarded:
    case Outcome::kGaveUp:
    case Outcome::kVanished:
    case Outcome::kBlocked:
      return LogLevel::kError;
    case Outcome::kUnconfirmed:
      return LogLevel::kDebug;  // told once for the account
    default:
      return LogLevel::kInfo;
  }
}

}  // namespace

DeliveryLine OutcomeLine(const std::string& alias, const std::string& receiver, Action action,
                         const Effect& effect) {
  DeliveryLine line;
  line.level = LevelOf(effect.outcome);
  if (effect.outcome == Outcome::kBlocked) {
    line.event = "page delivery: the receiver refuses our key or URL, its pages wait";
  }
  line.alias = alias;
  line.receiver = receiver;
  line.action = ActionName(action);
  line.outcome = OutcomeName(effect.outcome);
  line.error = effect.error;
  return line;
}

void WriteLines(const std::vector<DeliveryLine>& lines) {
  for (const DeliveryLine& line : lines) {
    Log(line.level, line.event,
        {{"alias", line.alias},
         {"receiver", line.receiver},
         {"action", line.action},
         {"outcome", line.outcome},
         {"error", line.error}});
  }
}

}  // namespace tocsin::delivery
