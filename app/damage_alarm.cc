#include "app/damage_alarm.h"

#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tocsin::app {
namespace {

constexpr int kRefused = 2;

// Made beforehand: in the handler nothing may allocate.
std::string* line = nullptr;

void Refuse(int /*signal*/) {
  if (line != nullptr) (void)!write(STDERR_FILENO, line->data(), line->size());
  _exit(kRefused);
}

// As Log() writes it, but for the time, which nobody can tell beforehand.
std::string LineOf(const std::string& message) {
  if (isatty(STDERR_FILENO) == 1) return absl::StrCat("tocsin: ", message, "\n");
  return absl::StrCat(R"({"level":"error","event":"cannot start","error":")",
                      absl::StrReplaceAll(message, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"}\n");
}

}  // namespace

std::string DamageText(const std::string& data_dir, absl::string_view what) {
  return absl::StrCat(
      "data directory ", data_dir, " is damaged: ", what,
      "; restore it from a backup, or move it away to start with an empty one: recorded samples, "
      "alert states and owed pages are lost then, and pages that are open now stay open at their "
      "receivers until somebody closes them");
}

absl::Status WithAdvice(const absl::Status& status, const std::string& data_dir) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(DamageText(data_dir, status.message()));
}

DamageAlarm::DamageAlarm(const std::string& message) {
  line = new std::string(LineOf(message));
  std::signal(SIGABRT, Refuse);
}

DamageAlarm::~DamageAlarm() {
  std::signal(SIGABRT, SIG_DFL);
  delete line;
  line = nullptr;
}

}  // namespace tocsin::app
