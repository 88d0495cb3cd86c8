#include "app/server.h"

#include <utility>

#include "app/config_scrape.h"
#include "app/damage_alarm.h"
#include "app/server_audit.h"
#include "app/server_parts.h"
#include "base/kill_point.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

constexpr absl::Duration kDrainGrace = absl::Seconds(10);

}  // namespace

void Server::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  watch.reset();
  if (backend) backend->SetNotReady("stopping");
  KillPoint("stop.before_drain");
  if (accounts) accounts->Stop();
  if (scrape) scrape->Stop();
  if (datadog) datadog->Stop();
  if (http) http->Stop(kDrainGrace);
  if (grpc) grpc->Drain(kDrainGrace);
  KillPoint("stop.after_drain");
  {
    MutexLock lock(reload_mutex);  // no reload finds it gone
    ready = false;
  }
  senders_gate.Set(nullptr);
  otlp_senders.reset();
  if (engine) engine->Stop();
  KillPoint("stop.after_engine");
  if (delivery_loop) delivery_loop->Stop();
  journal_loop.reset();
  KillPoint("stop.after_delivery");
  if (admin) admin->Stop();
  if (audit) audit->Add(StopEntry());
  Log(LogLevel::kInfo, "stopped");
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
  // Other paths are for the next start.
  if (wanted.tls != running.tls || wanted.tls_material == running.tls_material) {
    return absl::OkStatus();
  }
  if (running.TlsOn("http")) TOCSIN_RETURN_IF_ERROR(http->SetTls(wanted));
  if (running.TlsOn("admin")) {
    TOCSIN_RETURN_IF_ERROR(admin->SetTls(wanted.tls, wanted.tls_material));
  }
  Log(LogLevel::kInfo, "TLS certificates renewed");
  return absl::OkStatus();
}

absl::Status Server::Parts::Reload(const std::string& source) {
  MutexLock lock(reload_mutex);
  if (!ready) return absl::UnavailableError("starting or stopping");
  const Revision before = RevisionOf(files);
  const absl::Status status = TryReload();
  audit->Add(ReloadEntry(source, status, before, RevisionOf(files)));
  return status;
}

absl::Status Server::Parts::TryReload() {
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
        "listen addresses, tls, data_dir, retention, evaluation interval, external labels, otlp, "
        "dogstatsd and limits change only with a restart");
  }
  files = *std::move(loaded);
  otlp_senders->SetRules(*files.rules);
  accounts->SetReceivers(Routing(files.config));
  scrape->Configure(ScrapeTargets(files.config.scrape_configs));
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
absl::Status Server::Reload(const std::string& source) {
  return parts_->Reload(source);
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
