#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/anomaly/verdict.h"

namespace tocsin::anomaly {
namespace {

std::string Number(double value) {
  return absl::StrFormat("%.4g", value);
}

std::string Days(double days) {
  if (days < 1.5) return absl::StrFormat("%.0f hours", std::fmax(1, days * 24));
  return absl::StrFormat("%.0f days", days);
}

std::string Where(const Verdict& verdict) {
  const char* side = verdict.value >= verdict.expected ? "above" : "below";
  return absl::StrCat("value ", Number(verdict.value), " is ", side, " the expected ",
                      Number(verdict.expected), " (band ", Number(verdict.lower), " to ",
                      Number(verdict.upper), ")");
}

std::string Largest(const Verdict& verdict, absl::string_view what) {
  return absl::StrCat(what, " is the largest remembered of ", Days(verdict.memory_days),
                      ", the largest before was ", Number(verdict.largest_before));
}

std::string Deviation(const Verdict& verdict) {
  return absl::StrCat("the deviation of ", Number(std::fabs(verdict.value - verdict.expected)));
}

}  // namespace

std::string Reason(const Verdict& verdict) {
  if (!verdict.opened && !(verdict.score >= 1)) return "";
  switch (verdict.channel) {
    case Channel::kRange:
    case Channel::kDeviation:
      return absl::StrCat(Where(verdict), ": ", Largest(verdict, Deviation(verdict)));
    case Channel::kDrift:
      return absl::StrCat(Where(verdict), ": ",
                          Largest(verdict, "the mean deviation of the last six points"));
    case Channel::kLevel:
      return absl::StrCat(Where(verdict), ": its mean is where it has not been in ",
                          Days(verdict.memory_days));
    case Channel::kDensity:
      return absl::StrCat(Where(verdict), ": large deviations are more frequent than in ",
                          Days(verdict.memory_days));
    case Channel::kChange:
      return absl::StrCat(Where(verdict), ": such a step has not been in ",
                          Days(verdict.memory_days));
    case Channel::kFrozen:
      return absl::StrCat("value ", Number(verdict.value), " has not changed for ",
                          verdict.run_points, " points, longer than in ",
                          Days(verdict.memory_days));
    case Channel::kNone:
      break;
  }
  return Where(verdict);
}

const char* StateName(State state) {
  switch (state) {
    case State::kLearning:
      return "learning";
    case State::kOk:
      return "ok";
    case State::kAlarm:
      return "alarm";
  }
  return "";
}

}  // namespace tocsin::anomaly
