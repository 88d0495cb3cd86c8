#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "app/config_scrape.h"
#include "app/damage_alarm.h"
#include "app/file_limit.h"
#include "app/page_templates.h"
#include "app/server_audit.h"
#include "app/server_parts.h"
#include "app/version.h"
#include "base/kill_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "integrations/http/admin_guard.h"

// How a server starts.
namespace tocsin::app {
namespace {

size_t DefaultShards() {
  // Half the cores: the other half decodes, commits and delivers.
  return std::clamp<size_t>(std::thread::hardware_concurrency() / 2, 1, 16);
}

engine::EngineOptions MakeEngineOptions(const ServerOptions& options, const Config& config,
                                        const engine::EvidenceSource& evidence) {
  engine::EngineOptions engine;
  engine.shard.external_labels = config.external_labels;
  engine.shard.default_interval = config.evaluation_interval;
  engine.shard.limits = config.limits;
  engine.shard.evidence = &evidence;
  engine.shards = options.shards > 0 ? options.shards : DefaultShards();
  engine.retention = config.retention;
  if (options.block_span) engine.block_span = *options.block_span;
  if (options.upkeep_interval) engine.upkeep_interval = *options.upkeep_interval;
  return engine;
}

std::shared_ptr<const rules::RuleSet> RulesInForce(engine::Engine& engine) {
  std::shared_ptr<const rules::RuleSet> rules;
  engine.ForEachShard([&](const engine::Shard& shard) {
    if (rules == nullptr) rules = shard.rules();
  });
  return rules;
}

}  // namespace

absl::Status Server::Parts::Start(Server& server) {
  std::optional<DamageAlarm> alarm(
      std::in_place, DamageText(files.config.data_dir,
                                "RocksDB: its own check of a file failed, see the line before"));
  TOCSIN_RETURN_IF_ERROR(OpenState());
  TOCSIN_RETURN_IF_ERROR(OpenAdmin(server));
  TOCSIN_RETURN_IF_ERROR(engine->Recover(files.rules));
  alarm.reset();
  StartDelivery();
  KillPoint("start.before_evaluation");
  engine->Start();
  TOCSIN_RETURN_IF_ERROR(StartSenders());
  grpc->SetServing(true);
  backend->SetNotReady("");
  reload_successful.Set(1);
  reload_time.Set(clock.Now().seconds());
  MutexLock lock(reload_mutex);
  ready = true;
  Watch(server);
  audit->Add(StartEntry(RevisionOf(files)));
  Log(LogLevel::kInfo, "ready",
      {{"grpc_port", grpc->port()},
       {"http_port", http->port()},
       {"admin", admin->address()},
       {"data_dir", files.config.data_dir},
       {"rule_groups", static_cast<uint64_t>(files.rules->groups.size())},
       {"monitors", static_cast<uint64_t>(files.rules->monitors.size())},
       {"version", kVersion}});
  return absl::OkStatus();
}

absl::Status Server::Parts::OpenState() {
  const Config& config = files.config;
  TOCSIN_ASSIGN_OR_RETURN(store, storage::OpenRocksdbStore(config.data_dir));
  TOCSIN_ASSIGN_OR_RETURN(audit, audit::AuditLog::Open(config.data_dir, clock, metrics));
  access.SetRefusedListener(
      [this](const access::Visitor& visitor, const absl::Status& why, uint64_t others) {
        audit->Add(RefusedEntry(visitor, why, others));
      });
  backups = std::make_unique<BackupService>(*store, config.data_dir, metrics, clock);
  outbox = std::make_unique<storage::Outbox>(*store, config.limits.outbox_entries_max);
  TOCSIN_ASSIGN_OR_RETURN(const size_t aside, outbox->Recover());
  moved_aside.Increment(static_cast<double>(aside));
  TOCSIN_ASSIGN_OR_RETURN(log, storage::OpenSampleLog(*store));
  engine = std::make_unique<engine::Engine>(MakeEngineOptions(options, config, senders_gate),
                                            *store, *outbox, *log, clock, metrics);
  return absl::OkStatus();
}

// Answers from before the recovery on, that it is not ready.
absl::Status Server::Parts::OpenAdmin(Server& server) {
  const Config& config = files.config;
  journal = std::make_unique<storage::DeliveryJournal>(*store, clock);
  explainer = std::make_unique<explain::Explainer>(
      *engine, [this] { return RulesInForce(*engine); }, *store, *outbox, *journal,
      [this](const Labels& series) { return senders_gate.NotesOf(series); });
  feedback = std::make_unique<FeedbackService>(*engine, *journal, metrics);
  backend = std::make_unique<EngineBackend>(
      *engine, [&server] { return server.Reload("request"); },
      [this](const std::string& name) { return backups->Make(name); },
      [this](const http::ExplainRequest& request, const http::Expired& expired) {
        return explainer->Explain(request, expired);
      },
      [this](const std::string& alias, const std::string& word) {
        return feedback->Take(alias, word, "tocsin feedback");
      });
  backend->SetTargetBoard(targets);
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
  TOCSIN_ASSIGN_OR_RETURN(
      admin,
      http::HttpServer::Start(
          admin_options, [this](const http::HttpRequest& request) { return AnswerAdmin(request); },
          metrics));
  return absl::OkStatus();
}

http::HttpReply Server::Parts::AnswerAdmin(const http::HttpRequest& request) {
  std::string actor;
  if (auto refusal = http::RefuseAdmin(access, request, actor)) return *std::move(refusal);
  http::HttpReply reply = admin_api->Handle(request);
  if (http::ChangesSomething(request)) audit->Add(RequestEntry(actor, request, reply));
  return reply;
}

void Server::Parts::StartDelivery() {
  const Config& config = files.config;
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
}

absl::Status Server::Parts::StartSenders() {
  const Config& config = files.config;
  otlp_senders = std::make_unique<OtlpSenders>(OtlpSenders::Parts{*engine, limits, clock, metrics},
                                               config.otlp);
  otlp_senders->SetRules(*files.rules);
  senders_gate.Set(otlp_senders.get());
  ingest::GrpcServerOptions grpc_options;
  grpc_options.otlp = &otlp_senders->otlp();
  grpc_options.logs = &otlp_senders->logs();
  grpc_options.listen = config.listen.grpc;
  grpc_options.access = &access;
  grpc_options.rates = &rates;
  if (config.access.TlsOn("grpc")) grpc_options.tls = config.access.tls;
  grpc = std::make_unique<ingest::GrpcServer>(grpc_options, limits, *engine, clock, metrics);
  TOCSIN_RETURN_IF_ERROR(grpc->Start());
  KillPoint("start.before_serving");
  TOCSIN_ASSIGN_OR_RETURN(datadog, DatadogSenders::Start({*store, *engine, otlp_senders->logs(),
                                                          access, limits, clock, metrics},
                                                         config));
  const HttpPort::Parts http_parts = {limits,    *engine, *delivery,     *delivery_loop,
                                      *feedback, access,  *otlp_senders, *datadog,
                                      rates,     clock,   metrics};
  TOCSIN_ASSIGN_OR_RETURN(http,
                          HttpPort::Start(config, http_parts, Routing(config), RaiseFileLimit()));
  scrape = std::make_unique<scrape::ScrapeLoop>(
      scrape::ScrapeLoop::Parts{limits, *engine, clock, metrics, targets});
  scrape->Configure(ScrapeTargets(config.scrape_configs));
  accounts = std::make_unique<AccountService>(
      AccountService::Parts{*engine, *outbox, *delivery, *delivery_loop, clock, metrics},
      Routing(config));
  return absl::OkStatus();
}

void Server::Parts::Watch(Server& server) {
  const auto changed = [&server] {
    Log(LogLevel::kInfo, "files changed, reloading");
    server.Reload("files").IgnoreError();  // logged and counted there
  };
  watch = std::make_unique<FileWatch>(
      files.fingerprint, [this] { return WatchedFingerprint(); }, changed);
}

}  // namespace tocsin::app
