#include "app/datadog_senders.h"

#include <utility>

#include "app/host_name.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::app {

DatadogSenders::DatadogSenders(const Parts& parts, const Config& config)
    : parts_(parts),
      hosts_(parts.store, parts.metrics),
      series_(parts.limits, parts.sink, hosts_, parts.metrics),
      intervals_(parts.sink),
      intake_({parts.limits, parts.sink, hosts_, series_, intervals_, parts.metrics},
              [this](absl::string_view key, absl::string_view peer) { return Accepts(key, peer); }),
      log_intake_({parts.limits, parts.sink, parts.logs, hosts_, parts.metrics}) {
  SetKeys(config.datadog);
  const datadog::StatsdConfig& statsd = config.dogstatsd;
  if (statsd.listen.udp.empty() && statsd.listen.socket.empty()) return;
  datadog::StatsdIntake::Options options;
  options.host = statsd.host.empty() ? HostName() : statsd.host;
  options.tags = statsd.tags;
  statsd_ = std::make_unique<datadog::StatsdIntake>(
      datadog::StatsdIntake::Parts{parts.limits, parts.sink, series_, intervals_, parts.metrics},
      std::move(options));
  statsd_server_ = std::make_unique<datadog::StatsdServer>(*statsd_, parts.clock, statsd.listen);
}

absl::StatusOr<std::unique_ptr<DatadogSenders>> DatadogSenders::Start(const Parts& parts,
                                                                      const Config& config) {
  std::unique_ptr<DatadogSenders> senders(new DatadogSenders(parts, config));
  TOCSIN_ASSIGN_OR_RETURN(const size_t damaged, senders->hosts_.Recover());
  if (damaged > 0) {
    Log(LogLevel::kError,
        "tags of hosts did not decode; they come again with each Agent's metadata",
        {{"hosts", uint64_t{damaged}}});
  }
  if (senders->statsd_server_) TOCSIN_RETURN_IF_ERROR(senders->statsd_server_->Start());
  return senders;
}

void DatadogSenders::SetKeys(const datadog::DatadogConfig& config) {
  auto keys =
      config.api_keys.empty() ? nullptr : std::make_shared<const datadog::ApiKeys>(config.api_keys);
  MutexLock lock(mutex_);
  keys_ = std::move(keys);
}

bool DatadogSenders::Accepts(absl::string_view key, absl::string_view peer) {
  std::shared_ptr<const datadog::ApiKeys> keys;
  {
    MutexLock lock(mutex_);
    keys = keys_;
  }
  if (keys != nullptr && keys->Accepts(key)) return true;
  if (keys != nullptr && !parts_.access.has_tokens()) return false;
  return parts_.access.Check({"http", peer, key}, access::Scope::kIngest).ok();
}

void DatadogSenders::Stop() {
  intake_.Drain();
  if (statsd_server_) statsd_server_->Stop();
}

}  // namespace tocsin::app
