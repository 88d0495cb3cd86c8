#include "app/commands/serve.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "app/file_limit.h"
#include "base/log.h"

namespace tocsin::app {

namespace {

constexpr int kStartEnded = SIGUSR1;

// A person reads it as it is, a machine as a line of the log.
int Refuse(const absl::Status& status, std::ostream& err) {
  const std::string message(status.message());
  if (isatty(STDERR_FILENO) == 1) {
    err << "tocsin: " << message << "\n";
  } else {
    Log(LogLevel::kError, "cannot start", {{"error", message}});
  }
  return 2;
}

}  // namespace

int RunServe(const ServerOptions& options, std::ostream& err) {
  ForbidCoreFiles();
  // Blocked in every thread, so that only sigwait below sees them. A lost peer must not end the
  // process.
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, kStartEnded}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  // Started beside the wait, since reading the log back may take longer than anybody who stops us
  // waits.
  const SystemClock clock;
  absl::StatusOr<std::unique_ptr<Server>> server = absl::UnavailableError("starting");
  std::thread starter([&] {
    server = Server::Start(options, clock);
    kill(getpid(), kStartEnded);
  });
  bool started = false;
  for (int signal = 0; sigwait(&signals, &signal) == 0;) {
    if (signal == kStartEnded && !started) {
      starter.join();
      started = true;
      if (!server.ok()) return Refuse(server.status(), err);
    } else if (signal == SIGHUP) {
      // Errors are logged and counted there.
      if (started) (*server)->Reload("signal").IgnoreError();
    } else if (signal != kStartEnded) {
      Log(LogLevel::kInfo, "stopping", {{"signal", signal}});
      // Nothing was promised yet, and what is on disk bears any end.
      if (!started) std::_Exit(0);
      (*server)->Stop();
      return 0;
    }
  }
  return 2;
}

}  // namespace tocsin::app
