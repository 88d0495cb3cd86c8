#include "integrations/ingest/grpc_server.h"

#include <malloc.h>

#include <algorithm>
#include <climits>
#include <thread>
#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_guard.h"
#include "integrations/ingest/log_service.h"
#include "integrations/ingest/otlp_service.h"
#include "integrations/ingest/push_service.h"
#include "integrations/ingest/reset_guard.h"

namespace tocsin::ingest {
namespace {

constexpr int kMetadataBytesMax = 8 << 10;
constexpr int kHandshakeMs = 10'000;
constexpr int kKeepaliveMs = 60'000;  // idle connections are asked for a sign of life
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kPingIntervalMsMin = 10'000;  // clients that ping more often are cut off
constexpr int kAgeGraceMs = 30'000;

// And one, since no sender has all of them.
size_t WorkerThreads() {
  return std::max(2U, std::thread::hardware_concurrency() / 2) + 1;
}

int ClampToInt(uint64_t value) {
  return static_cast<int>(std::min<uint64_t>(value, INT_MAX));
}

void Configure(const GrpcServerOptions& options, const Limits& limits,
               grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(ClampToInt(limits.request_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMsMin);
  if (options.connection_age_max != absl::InfiniteDuration()) {
    const int64_t age_ms = absl::ToInt64Milliseconds(options.connection_age_max);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               ClampToInt(static_cast<uint64_t>(age_ms)));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kAgeGraceMs);
  }
  grpc::ResourceQuota quota("ingest");
  quota.Resize(options.memory_bytes_max);
  builder.SetResourceQuota(quota);
}

// Connections that are there keep what they began with.
std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const access::TlsFiles& tls,
                                                       absl::Duration look) {
  if (!tls.on()) return grpc::InsecureServerCredentials();
  auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key_file, tls.cert_file, tls.client_ca_file,
      static_cast<unsigned int>(absl::ToInt64Seconds(look)));
  grpc::experimental::TlsServerCredentialsOptions options(files);
  options.watch_identity_key_cert_pairs();
  if (tls.asks_clients()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

struct GrpcServer::Running {
  Running(const GrpcServerOptions& options, const Limits& limits, engine::SampleSink& sink,
          const Clock& clock, Metrics& metrics)
      : decode_bytes(metrics, {.reason = "decode_bytes",
                               .limit = "ingest_decode_bytes_max",
                               .amount_max = limits.ingest_decode_bytes_max}),
        guard(options.access, options.tls),
        own_rates(options.rates == nullptr ? std::make_unique<SenderRates>(limits, clock, metrics)
                                           : nullptr),
        own_decoder(options.otlp == nullptr ? std::make_unique<OtlpDecoder>(limits, sink)
                                            : nullptr),
        own_counters(options.logs == nullptr ? std::make_unique<LogCounters>(sink) : nullptr),
        parts{.limits = limits,
              .sink = sink,
              .clock = clock,
              .decode_bytes = decode_bytes,
              .rates = own_rates ? *own_rates : *options.rates,
              .workers = workers,
              .guard = guard,
              .retry_after = options.retry_after},
        otlp(parts, metrics, own_decoder ? *own_decoder : *options.otlp),
        logs(parts, metrics, own_counters ? *own_counters : *options.logs),
        push(parts, metrics, options.unanswered_per_stream_max) {}

  Budget decode_bytes;  // what gRPC's quota does not see: copies, inflated bytes, batches
  CallGuard guard;
  // Null where the options bring others.
  std::unique_ptr<SenderRates> own_rates;
  std::unique_ptr<OtlpDecoder> own_decoder;
  std::unique_ptr<LogCounters> own_counters;
  FairPool workers{WorkerThreads()};  // ends before what its tasks take from
  CallParts parts;
  OtlpService otlp;
  LogService logs;
  PushService push;
  std::unique_ptr<grpc::Server> server;  // goes before the services it calls
  std::unique_ptr<ResetGuard> resets;
};

GrpcServer::GrpcServer(GrpcServerOptions options, const Limits& limits, engine::SampleSink& sink,
                       const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      limits_(limits),
      sink_(sink),
      clock_(clock),
      metrics_(metrics) {}

GrpcServer::~GrpcServer() {
  Stop();
}

absl::Status GrpcServer::Start() {
  if (running_) return absl::FailedPreconditionError("gRPC server was started already");
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto running = std::make_unique<Running>(options_, limits_, sink_, clock_, metrics_);
  grpc::ServerBuilder builder;
  Configure(options_, limits_, builder);
  int port = 0;
  builder.AddListeningPort(options_.listen, CredentialsOf(options_.tls, options_.tls_look), &port);
  builder.RegisterService(&running->otlp);
  builder.RegisterService(&running->logs);
  builder.RegisterService(&running->push);
  running->server = builder.BuildAndStart();
  if (running->server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options_.listen, " (gRPC)"));
  }
  port_ = port;
  running->resets =
      std::make_unique<ResetGuard>(port, options_.streams_per_connection_max, clock_, metrics_);
  running_ = std::move(running);
  SetServing(false);
  return absl::OkStatus();
}

void GrpcServer::SetServing(bool serving) {
  if (!running_) return;
  grpc::HealthCheckServiceInterface* health = running_->server->GetHealthCheckService();
  for (const char* service :
       {"", "ingest", "opentelemetry.proto.collector.metrics.v1.MetricsService",
        "opentelemetry.proto.collector.logs.v1.LogsService", "tocsin.v1.Ingest"}) {
    health->SetServingStatus(service, serving);
  }
}

// Requests that were on their way when draining began are answered too, instead of finding the
// connection gone.
void GrpcServer::AwaitAnswers(absl::Duration grace) const {
  constexpr absl::Duration kOnTheirWay = absl::Milliseconds(200);
  constexpr absl::Duration kLook = absl::Milliseconds(5);
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  for (absl::Duration passed; passed < grace; passed += kLook) {
    const bool idle = running_->otlp.calls().under_way() == 0 &&
                      running_->logs.calls().under_way() == 0 && running_->push.streams() == 0;
    if (idle && passed >= kOnTheirWay) return;
    never.WaitFor(mutex, kLook);
  }
}

void GrpcServer::Drain(absl::Duration grace) {
  if (!running_) return;
  SetServing(false);
  running_->otlp.calls().Drain();
  running_->logs.calls().Drain();
  running_->push.Drain();
  AwaitAnswers(grace);
  // What is left may be somebody who watches the health service, and would never end by itself.
  running_->server->Shutdown(gpr_time_from_millis(0, GPR_TIMESPAN));
  running_->server->Wait();
  running_.reset();
}

void GrpcServer::Stop() {
  Drain(absl::ZeroDuration());
}

void KeepLargeBlocksMapped() {
  constexpr int kThresholdBytes = 256 << 20;
  mallopt(M_MMAP_THRESHOLD, kThresholdBytes);
  mallopt(M_TRIM_THRESHOLD, kThresholdBytes);
}

}  // namespace tocsin::ingest
