#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace tocsin::app {

// What `tocsin serve` was told; flags override the file.
struct ServerOptions {
  std::string config_path;
  std::optional<std::string> data_dir;
  std::vector<std::string> rules;  // patterns; empty: the file's
  std::optional<std::string> grpc_listen;
  std::optional<std::string> http_listen;
  std::optional<std::string> admin_listen;
  size_t shards = 0;  // 0: by the number of cores
  // Of engine::EngineOptions, for tests: no flag and no key of the file sets them.
  std::optional<absl::Duration> block_span;
  std::optional<absl::Duration> upkeep_interval;
};

// The whole service as an object: `main` makes one, tests make one on ports 0.
//
// Starting opens the data directory, recovers, and only then takes samples and evaluates; the admin
// port answers from before the recovery on (not ready). Stopping is the reverse: no new samples,
// those under way are committed, a last evaluation, requests to receivers under way are answered,
// files closed.
//
// Thread: one caller for Start and Stop; Reload and the ports from any.
class Server {
 public:
  // Errors: InvalidArgument (configuration or rules, all findings in the message), what the store
  // says (DataLoss: with what to do about it), Unavailable (a port is taken).
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const Clock& clock);
  ~Server();  // stops

  void Stop();

  // Reads configuration, rules and secrets again; all or nothing. Addresses, data_dir, retention
  // and limits keep the values of the start: a change of these is reported as a warning in the log.
  // `source` says in the audit what asked for it: "signal", "files", "request".
  absl::Status Reload(const std::string& source);

  int grpc_port() const;
  int http_port() const;
  int admin_port() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin::app
