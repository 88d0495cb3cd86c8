#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/limits.h"
#include "integrations/access/access.h"
#include "integrations/access/tls_files.h"
#include "integrations/datadog/config.h"
#include "integrations/delivery/receiver.h"
#include "integrations/ingest/otlp_options.h"
#include "integrations/routing/suppressor.h"
#include "integrations/scrape/config.h"
#include "rules/diagnostic.h"

namespace tocsin::app {

// How the listeners know who comes.
struct AccessConfig {
  access::TlsFiles tls;              // paths resolved against the configuration's folder
  access::TlsMaterial tls_material;  // what they hold
  std::vector<std::string> tls_listeners = {"grpc", "http", "admin"};
  std::vector<access::Token> tokens;
  bool allow_open_listeners = false;

  bool TlsOn(absl::string_view listener) const {
    return tls.on() &&
           std::find(tls_listeners.begin(), tls_listeners.end(), listener) != tls_listeners.end();
  }
  friend bool operator==(const AccessConfig&, const AccessConfig&) = default;
};

// tocsin.yaml, checked, with defaults filled in and secrets resolved. Plain data.
struct Config {
  struct Listen {
    std::string grpc = "127.0.0.1:4317";
    std::string http = "127.0.0.1:4318";
    std::string admin = "127.0.0.1:9095";
  };

  Listen listen;
  AccessConfig access;
  std::string data_dir = "data";   // relative to the working directory
  std::vector<std::string> rules;  // shell patterns, resolved against the configuration's folder
  absl::Duration retention = absl::Hours(48);              // of recorded samples
  absl::Duration evaluation_interval = absl::Seconds(15);  // of Prometheus groups that name none
  Labels external_labels;
  std::string external_url;  // where people reach the admin port; empty: pages have no link to it
  tocsin::routing::SuppressorConfig suppression;  // time intervals, inhibition
  delivery::ReceiversAndRoutes routing;           // valid: see delivery::Validate
  ingest::OtlpOptions otlp;
  datadog::DatadogConfig datadog;
  datadog::StatsdConfig dogstatsd;
  std::vector<scrape::ScrapeJob> scrape_configs;
  Limits limits;
};

// NotFound, with a text, if it is no file that this process may read.
absl::Status CheckReadableFile(const std::string& path);

// What a configuration refers to outside its file.
struct ConfigSources {
  // The value of an environment variable; nullopt if it is not set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The content of a secret's file; errors say what is wrong with it, never what it holds.
  std::function<absl::StatusOr<std::string>(const std::string& path)> secret_file;
  // Whether a file can be read that is no secret.
  std::function<absl::Status(const std::string& path)> readable_file = CheckReadableFile;
  // See access::ReadTlsFiles.
  std::function<absl::StatusOr<access::TlsMaterial>(const access::TlsFiles&)> tls_files =
      access::ReadTlsFiles;
  // Off: secrets that cannot be resolved are warnings, so that a file can be checked where its
  // secrets are not.
  bool secrets_required = true;

  // The process' environment and the file system. A secret's file must not be readable by everyone.
  static ConfigSources System();
};

struct ConfigResult {
  Config config;                               // use it only if ok()
  std::vector<rules::Diagnostic> diagnostics;  // by position; warnings too
  bool ok() const;                             // no errors
};

// Reads the text of a configuration. `path` names it in findings and is what relative paths in it
// are resolved against.
ConfigResult ParseConfig(const std::string& path, const std::string& text,
                         const ConfigSources& sources);

// Reads a configuration file, and its secrets anew: call it again to reload.
ConfigResult LoadConfig(const std::string& path, const ConfigSources& sources);

// Whether `wanted` differs in what only a start takes over.
bool NeedsRestart(const Config& running, const Config& wanted);

// The configuration as YAML with every default, secrets as "<redacted>". Reads back as the same
// configuration, except for the secrets.
std::string PrintConfig(const Config& config);

}  // namespace tocsin::app
