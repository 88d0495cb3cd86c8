#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "app/account_service.h"
#include "app/backup_service.h"
#include "app/datadog_senders.h"
#include "app/engine_backend.h"
#include "app/explain/explainer.h"
#include "app/feedback_service.h"
#include "app/file_watch.h"
#include "app/http_port.h"
#include "app/journal_loop.h"
#include "app/loaded_files.h"
#include "app/otlp_senders.h"
#include "app/senders_gate.h"
#include "app/server.h"
#include "app/suppression_service.h"
#include "base/metrics.h"
#include "base/random.h"
#include "engine/engine.h"
#include "integrations/access/access.h"
#include "integrations/audit/audit_log.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/delivery_loop.h"
#include "integrations/http/admin_api.h"
#include "integrations/http/http_client.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/grpc_server.h"
#include "integrations/ingest/sender_rates.h"
#include "integrations/scrape/scrape_loop.h"
#include "storage/outbox.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"

// What Server is made of. Included by its own .cc files only.
namespace tocsin::app {

// In order of construction; members are destroyed in the reverse one.
struct Server::Parts {
  Parts(ServerOptions o, LoadedFiles f, const Clock& c)
      : options(std::move(o)),
        files(std::move(f)),
        limits(files.config.limits),
        clock(c),
        random(SystemSeed()),
        reload_successful(metrics.Gauge("tocsin_config_last_reload_successful",
                                        "1 if the last reading of configuration and rules went "
                                        "through.")),
        reload_time(metrics.Gauge("tocsin_config_last_reload_success_timestamp_seconds",
                                  "When configuration and rules were last taken over.")),
        moved_aside(metrics.Counter("tocsin_outbox_moved_aside_total",
                                    "Outbox records that did not decode at start.")),
        access(metrics, clock),
        rates(limits, clock, metrics) {
    access.SetTokens(files.config.access.tokens);
  }

  // Start() in its steps, in this order.
  absl::Status Start(Server& server);
  absl::Status OpenState();
  absl::Status OpenAdmin(Server& server);
  void StartDelivery();
  absl::Status StartSenders();
  void Watch(Server& server);
  void Stop();
  absl::Status Reload(const std::string& source);
  absl::Status TryReload();  // with reload_mutex held
  http::HttpReply AnswerAdmin(const http::HttpRequest& request);
  void TakeOver(const Config& config);
  absl::Status RenewTls(const Config& config);
  uint64_t WatchedFingerprint();
  static std::shared_ptr<const delivery::ReceiversAndRoutes> Routing(const Config& config) {
    return std::make_shared<const delivery::ReceiversAndRoutes>(config.routing);
  }

  const ServerOptions options;
  LoadedFiles files;  // after the start guarded by reload_mutex
  const Limits limits;
  const Clock& clock;
  SeededRandom random;
  Metrics metrics;
  prometheus::Gauge& reload_successful;
  prometheus::Gauge& reload_time;
  prometheus::Counter& moved_aside;
  std::unique_ptr<audit::AuditLog> audit;  // open with the store; `access` tells it who was refused
  access::Access access;
  ingest::SenderRates rates;
  SendersGate senders_gate;
  scrape::TargetBoard targets;

  std::unique_ptr<storage::DiskStore> store;
  std::unique_ptr<BackupService> backups;
  std::unique_ptr<storage::Outbox> outbox;
  std::unique_ptr<storage::SampleLog> log;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<SuppressionService> suppression;
  http_client::CurlTransport transport;
  std::unique_ptr<storage::DeliveryJournal> journal;
  std::unique_ptr<JournalLoop> journal_loop;
  std::unique_ptr<explain::Explainer> explainer;
  std::unique_ptr<FeedbackService> feedback;
  std::unique_ptr<delivery::Delivery> delivery;
  std::unique_ptr<delivery::DeliveryLoop> delivery_loop;
  std::unique_ptr<EngineBackend> backend;
  std::unique_ptr<http::AdminApi> admin_api;
  std::unique_ptr<http::HttpServer> admin;
  std::unique_ptr<OtlpSenders> otlp_senders;
  std::unique_ptr<DatadogSenders> datadog;
  std::unique_ptr<scrape::ScrapeLoop> scrape;
  std::unique_ptr<ingest::GrpcServer> grpc;
  std::unique_ptr<HttpPort> http;
  std::unique_ptr<AccountService> accounts;
  std::unique_ptr<FileWatch> watch;

  Mutex reload_mutex;
  bool ready = false;  // guarded by reload_mutex
  bool stopped = false;
};

}  // namespace tocsin::app
