#include "app/commands/serve.h"

#include <csignal>

#include "base/log.h"

namespace tocsin::app {

int RunServe(const ServerOptions& options, std::ostream& err) {
  // Blocked in every thread, so that only sigwait below sees them. A lost peer must not end the
  // process.
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const SystemClock clock;
  auto server = Server::Start(options, clock);
  if (!server.ok()) {
    err << "tocsin: " << server.status().message() << "\n";
    return 2;
  }
  for (int signal = 0; sigwait(&signals, &signal) == 0;) {
    if (signal == SIGHUP) {
      (*server)->Reload().IgnoreError();  // logged and counted there
      continue;
    }
    Log(LogLevel::kInfo, "stopping", {{"signal", signal}});
    (*server)->Stop();
    return 0;
  }
  return 2;
}

}  // namespace tocsin::app
