#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <grpcpp/support/server_interceptor.h>

#include "base/clock.h"
#include "base/log_pause.h"
#include "base/metrics.h"
#include "integrations/ingest/call_watch.h"

namespace tocsin::ingest {

// Ends the connections of one gRPC port whose calls are taken back too often, see CallWatch;
// counted by tocsin_ingest_connections_cut_total and logged, at most once in ten seconds.
//
// Calls of services that are not ours (health, reflection, unknown ones) count as taken back: no
// probe makes a hundred of them a second.
//
// Thread: any. Borrows both arguments; outlives the server that has the factory.
class ResetGuard {
 public:
  ResetGuard(const Clock& clock, Metrics& metrics);

  // What tells of each call that is made, for grpc::ServerBuilder.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> Factory();
  // The port that the connections came to, once it is known.
  void SetPort(int port) { port_ = port; }

  // What happened to a call of one of our services from `peer`, as gRPC writes it. Whether it had
  // been taken back is known only once it has ended, and costs a change of threads to hear of: so
  // one of kOneOf calls is looked at, and the others are taken for answered.
  static constexpr int kOneOf = 16;
  bool LooksAtNext() { return seen_.fetch_add(1, std::memory_order_relaxed) % kOneOf == 0; }
  void Answered(const std::string& peer) { watch_.Answered(peer); }
  void TakenBack(const std::string& peer) { watch_.TakenBack(peer, kOneOf - 1); }

 private:
  class Made;
  void Cut(const std::string& peer);

  const Clock& clock_;
  prometheus::Counter& cut_;
  LogPause log_pause_;
  CallWatch watch_;
  std::atomic<int> port_{0};
  std::atomic<unsigned> seen_{0};
};

}  // namespace tocsin::ingest
