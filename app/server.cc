#include "app/server.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/account_service.h"
#include "app/backup_service.h"
#include "app/damage_alarm.h"
#include "app/datadog_senders.h"
#include "app/engine_backend.h"
#include "app/explain/explainer.h"
#include "app/feedback_service.h"
#include "app/file_limit.h"
#include "app/file_watch.h"
#include "app/http_port.h"
#include "app/journal_loop.h"
#include "app/loaded_files.h"
#include "app/otlp_senders.h"
#include "app/page_templates.h"
#include "app/suppression_service.h"
#include "app/version.h"
#include "base/kill_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "engine/engine.h"
#include "integrations/access/access.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/delivery_loop.h"
#include "integrations/http/admin_api.h"
#include "integrations/http/admin_guard.h"
#include "integrations/http/http_client.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/grpc_server.h"
#include "storage/outbox.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"

namespace tocsin::app {
namespace {

constexpr absl::Duration kDrainGrace = absl::Seconds(10);

size_t DefaultShards() {
  // Half the cores: the other half decodes, commits and delivers.
  return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 16);
}

engine::EngineOptions MakeEngineOptions(const ServerOptions& options, const Config& config) {
  engine::EngineOptions engine;
  engine.shard.external_labels = config.external_labels;
  engine.shard.default_interval = config.evaluation_interval;
  engine.shard.limits = config.limits;
  engine.shards = options.shards > 0 ? options.shards : DefaultShards();
  engine.retention = config.retention;
  if (options.block_span) engine.block_span = *options.block_span;
  if (options.upkeep_interval) engine.upkeep_interval = *options.upkeep_interval;
  return engine;
}

std::shared_ptr<const delivery::ReceiversAndRoutes> Routing(const Config& config) {
  return std::make_shared<const delivery::ReceiversAndRoutes>(config.routing);
}

std::shared_ptr<const rules::RuleSet> RulesInForce(engine::Engine& engine) {
  std::shared_ptr<const rules::RuleSet> rules;
  engine.ForEachShard([&](const engine::Shard& shard) {
    if (rules == nullptr) rules = shard.rules();
  });
  return rules;
}

}  // namespace

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
        access(metrics, clock) {
    access.SetTokens(files.config.access.tokens);
  }

  absl::Status Start(Server& server);
  void Stop();
  absl::Status Reload();
  void TakeOver(const Config& config);
  absl::Status RenewTls(const Config& config);
  uint64_t WatchedFingerprint();
  std::vector<http::ExplainedNote> NotesOf(const Labels& series);

  const ServerOptions options;
  LoadedFiles files;  // after the start guarded by reload_mutex
  const Limits limits;
  const Clock& clock;
  SeededRandom random;
  Metrics metrics;
  prometheus::Gauge& reload_successful;
  prometheus::Gauge& reload_time;
  prometheus::Counter& moved_aside;
  access::Access access;

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
  std::unique_ptr<ingest::GrpcServer> grpc;
  std::unique_ptr<HttpPort> http;
  std::unique_ptr<AccountService> accounts;
  std::unique_ptr<FileWatch> watch;

  Mutex otlp_senders_mutex;  // held by who sets `otlp_senders`, or looks whether there is one
  Mutex reload_mutex;
  bool ready = false;  // guarded by reload_mutex
  bool stopped = false;
};

absl::Status Server::Parts::Start(Server& server) {
  std::optional<DamageAlarm> alarm(
      std::in_place, DamageText(files.config.data_dir,
                                "RocksDB: its own check of a file failed, see the line before"));
  const Config config = files.config;
  TOCSIN_ASSIGN_OR_RETURN(store, storage::OpenRocksdbStore(config.data_dir));
  backups = std::make_unique<BackupService>(*store, config.data_dir, metrics, clock);
  outbox = std::make_unique<storage::Outbox>(*store, config.limits.outbox_entries_max);
  TOCSIN_ASSIGN_OR_RETURN(const size_t aside, outbox->Recover());
  moved_aside.Increment(static_cast<double>(aside));
  TOCSIN_ASSIGN_OR_RETURN(log, storage::OpenSampleLog(*store));
  engine = std::make_unique<engine::Engine>(MakeEngineOptions(options, config), *store, *outbox,
                                            *log, clock, metrics);

  journal = std::make_unique<storage::DeliveryJournal>(*store, clock);
  explainer = std::make_unique<explain::Explainer>(
      *engine, [this] { return RulesInForce(*engine); }, *store, *outbox, *journal,
      [this](const Labels& series) { return NotesOf(series); });
  feedback = std::make_unique<FeedbackService>(*engine, *journal, metrics);
  backend = std::make_unique<EngineBackend>(
      *engine, [&server] { return server.Reload(); },
      [this](const std::string& name) { return backups->Make(name); },
      [this](const http::ExplainRequest& request, const http::Expired& expired) {
        return explainer->Explain(request, expired);
      },
      [this](const std::string& alias, const std::string& word) {
        return feedback->Take(alias, word, "tocsin feedback");
      });
  backend->SetNotReady("recovering state");
  const http::BuildInfo build = {kVersion, TOCSIN_REVISION, "main", ""};
  TOCSIN_ASSIGN_OR_RETURN(
      suppression,
      SuppressionService::Open(
          {.store = *store, .engine = *engine, .clock = clock, .metrics = metrics}, config, build));
  admin_api = std::make_unique<http::AdminApi>(*backend, metrics, clock, build);
  admin_api->SetAlertmanager(suppression->api());
  http::HttpServerOptions admin_options;
  admin_options.listen = config.listen.admin;
  if (config.access.TlsOn("admin")) {
    admin_options.tls = config.access.tls;
    admin_options.tls_material = config.access.tls_material;
  }
  admin_options.body_bytes_max = config.limits.http_body_bytes_max;
  admin_options.connections_max = config.limits.http_connections_max;
  TOCSIN_ASSIGN_OR_RETURN(admin, http::HttpServer::Start(
                                     admin_options,
                                     [this](const http::HttpRequest& request) {
                                       auto refusal = http::RefuseAdmin(access, request);
                                       return refusal ? *std::move(refusal)
                                                      : admin_api->Handle(request);
                                     },
                                     metrics));

  TOCSIN_RETURN_IF_ERROR(engine->Recover(files.rules));
  alarm.reset();
  journal_loop = std::make_unique<JournalLoop>(*journal, metrics);
  delivery = std::make_unique<delivery::Delivery>(
      *outbox, metrics, random, MakeReceiverExpander(config.external_labels), Routing(config),
      delivery::DeliveryOptions{.suppressor = &suppression->suppressor(),
                                .journal = journal.get()});
  delivery_loop = std::make_unique<delivery::DeliveryLoop>(*delivery, *outbox, transport, clock);
  suppression->SetListener([this] {
    delivery->SuppressionChanged();
    delivery_loop->Wake();
  });
  KillPoint("start.before_delivery");
  delivery_loop->Start();
  KillPoint("start.before_evaluation");
  engine->Start();

  auto made = std::make_unique<OtlpSenders>(OtlpSenders::Parts{*engine, limits, clock, metrics},
                                            config.otlp);
  made->SetRules(*files.rules);
  {
    MutexLock lock(otlp_senders_mutex);
    otlp_senders = std::move(made);
  }
  ingest::GrpcServerOptions grpc_options;
  grpc_options.otlp = &otlp_senders->otlp();
  grpc_options.logs = &otlp_senders->logs();
  grpc_options.listen = config.listen.grpc;
  grpc_options.access = &access;
  if (config.access.TlsOn("grpc")) grpc_options.tls = config.access.tls;
  grpc = std::make_unique<ingest::GrpcServer>(grpc_options, limits, *engine, clock, metrics);
  TOCSIN_RETURN_IF_ERROR(grpc->Start());
  KillPoint("start.before_serving");
  TOCSIN_ASSIGN_OR_RETURN(
      datadog, DatadogSenders::Start({*store, *engine, access, limits, clock, metrics}, config));
  const HttpPort::Parts http_parts = {limits, *engine,       *delivery, *delivery_loop, *feedback,
                                      access, *otlp_senders, *datadog,  clock,          metrics};
  TOCSIN_ASSIGN_OR_RETURN(http,
                          HttpPort::Start(config, http_parts, Routing(config), RaiseFileLimit()));
  accounts = std::make_unique<AccountService>(
      AccountService::Parts{*engine, *outbox, *delivery, *delivery_loop, clock, metrics},
      Routing(config));
  grpc->SetServing(true);
  backend->SetNotReady("");
  reload_successful.Set(1);
  reload_time.Set(clock.Now().seconds());
  {
    MutexLock lock(reload_mutex);
    ready = true;
  }
  const auto changed = [&server] {
    Log(LogLevel::kInfo, "files changed, reloading");
    server.Reload().IgnoreError();  // logged and counted there
  };
  watch = std::make_unique<FileWatch>(
      files.fingerprint, [this] { return WatchedFingerprint(); }, changed);
  Log(LogLevel::kInfo, "ready",
      {{"grpc_port", grpc->port()},
       {"http_port", http->port()},
       {"admin", admin->address()},
       {"data_dir", config.data_dir},
       {"rule_groups", static_cast<uint64_t>(files.rules->groups.size())},
       {"monitors", static_cast<uint64_t>(files.rules->monitors.size())},
       {"version", kVersion}});
  return absl::OkStatus();
}

void Server::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  watch.reset();
  if (backend) backend->SetNotReady("stopping");
  KillPoint("stop.before_drain");
  if (accounts) accounts->Stop();
  if (datadog) datadog->Stop();
  if (http) http->Stop(kDrainGrace);
  if (grpc) grpc->Drain(kDrainGrace);
  KillPoint("stop.after_drain");
  {
    MutexLock lock(reload_mutex);  // no reload finds it gone
    ready = false;
  }
  std::unique_ptr<OtlpSenders> gone;
  {
    MutexLock lock(otlp_senders_mutex);
    gone = std::move(otlp_senders);
  }
  gone.reset();
  if (engine) engine->Stop();
  KillPoint("stop.after_engine");
  if (delivery_loop) delivery_loop->Stop();
  journal_loop.reset();
  KillPoint("stop.after_delivery");
  if (admin) admin->Stop();
  Log(LogLevel::kInfo, "stopped");
}

// Explanations are asked for before and after there are any.
std::vector<http::ExplainedNote> Server::Parts::NotesOf(const Labels& series) {
  MutexLock lock(otlp_senders_mutex);
  return otlp_senders == nullptr ? std::vector<http::ExplainedNote>()
                                 : otlp_senders->NotesOf(series);
}

uint64_t Server::Parts::WatchedFingerprint() {
  std::vector<std::string> other_files, patterns;
  {
    MutexLock lock(reload_mutex);
    other_files = files.other_files;
    patterns = files.config.rules;
  }
  return FilesFingerprint(other_files, patterns);
}

// Who may, and where pages go.
void Server::Parts::TakeOver(const Config& config) {
  access.SetTokens(config.access.tokens);
  datadog->SetKeys(config.datadog);
  suppression->SetConfig(config);
  delivery->SetReceivers(Routing(config));
  http->SetReceivers(Routing(config));
}

// Listeners that began with TLS go on with new certificates; the gRPC port looks for itself.
absl::Status Server::Parts::RenewTls(const Config& config) {
  const AccessConfig& wanted = config.access;
  const AccessConfig& running = files.config.access;
  if (wanted.tls_material == running.tls_material || !wanted.tls.on()) return absl::OkStatus();
  if (running.TlsOn("http")) TOCSIN_RETURN_IF_ERROR(http->SetTls(wanted));
  if (running.TlsOn("admin")) {
    TOCSIN_RETURN_IF_ERROR(admin->SetTls(wanted.tls, wanted.tls_material));
  }
  Log(LogLevel::kInfo, "TLS certificates renewed");
  return absl::OkStatus();
}

absl::Status Server::Parts::Reload() {
  MutexLock lock(reload_mutex);
  if (!ready) return absl::UnavailableError("starting or stopping");
  auto loaded = LoadFiles(options);
  absl::Status status = loaded.status();
  if (status.ok()) status = RenewTls(loaded->config);
  // First where pages go, then what makes them: a new rule's page must not go the old way. Pages of
  // receivers that are gone find their old configuration until they are closed.
  if (status.ok()) {
    TakeOver(loaded->config);
    KillPoint("reload.before_rules");
    status = engine->Reload(loaded->rules);
    KillPoint("reload.after_rules");
    if (!status.ok()) TakeOver(files.config);
  }
  reload_successful.Set(status.ok() ? 1 : 0);
  if (!status.ok()) {
    Log(LogLevel::kError, "reload refused; the old configuration stays in force",
        {{"error", std::string(status.message())}});
    return status;
  }
  if (NeedsRestart(files.config, loaded->config)) {
    Log(LogLevel::kWarning,
        "listen addresses, tls, data_dir, retention, evaluation interval, external labels, otlp "
        "and "
        "limits change only with a restart");
  }
  files = *std::move(loaded);
  otlp_senders->SetRules(*files.rules);
  accounts->SetReceivers(Routing(files.config));
  reload_time.Set(clock.Now().seconds());
  Log(LogLevel::kInfo, "reloaded",
      {{"revision", files.rules->revision},
       {"rule_groups", static_cast<uint64_t>(files.rules->groups.size())},
       {"monitors", static_cast<uint64_t>(files.rules->monitors.size())}});
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() {
  Stop();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const Clock& clock) {
  ingest::KeepLargeBlocksMapped();
  TOCSIN_ASSIGN_OR_RETURN(LoadedFiles files, LoadFiles(options));
  std::unique_ptr<Server> server(
      new Server(std::make_unique<Parts>(options, std::move(files), clock)));
  TOCSIN_RETURN_IF_ERROR(
      WithAdvice(server->parts_->Start(*server), server->parts_->files.config.data_dir));
  return server;
}

void Server::Stop() {
  parts_->Stop();
}
absl::Status Server::Reload() {
  return parts_->Reload();
}
int Server::grpc_port() const {
  return parts_->grpc->port();
}
int Server::http_port() const {
  return parts_->http->port();
}
int Server::admin_port() const {
  return parts_->admin->port();
}

}  // namespace tocsin::app
