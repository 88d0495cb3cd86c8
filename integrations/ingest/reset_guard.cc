#include "integrations/ingest/reset_guard.h"

#include <grpcpp/server_context.h>

#include "base/log.h"
#include "integrations/ingest/cut_connection.h"

namespace tocsin::ingest {

// Looks at the calls and leaves them as they are: an interceptor of its own for each would cost a
// change of threads.
class ResetGuard::Made final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Made(ResetGuard& guard) : guard_(guard) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    const std::string peer = call->server_context()->peer();
    if (guard_.watch_.Made(peer)) guard_.Cut(peer);
    return nullptr;
  }

 private:
  ResetGuard& guard_;
};

ResetGuard::ResetGuard(const Clock& clock, Metrics& metrics)
    : clock_(clock),
      cut_(metrics.Counter("tocsin_ingest_connections_cut_total",
                           "Connections that were ended because their client took back too many of "
                           "its calls.")),
      watch_(clock) {}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ResetGuard::Factory() {
  return std::make_unique<Made>(*this);
}

void ResetGuard::Cut(const std::string& peer) {
  // Not there any more: others of its calls were seen before.
  if (!CutConnection(port_, peer).ok()) return;
  cut_.Increment();
  if (const auto left_out = log_pause_.Take(clock_.Monotonic())) {
    Log(LogLevel::kWarning, "a connection was ended: its client takes back its calls",
        {{"listener", "grpc"}, {"peer", peer}, {"others_not_logged", *left_out}});
  }
}

}  // namespace tocsin::ingest
