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
