#include "app/loaded_files.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "app/config_access.h"
#include "app/unsupported.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "rules/rule_file.h"

namespace tocsin::app {
namespace {

// Errors into one text, warnings into the log.
absl::Status Judge(const std::vector<rules::Diagnostic>& findings) {
  std::string errors;
  for (const rules::Diagnostic& finding : findings) {
    const std::string text = rules::FormatDiagnostic(finding);
    if (finding.severity == rules::Severity::kError) {
      absl::StrAppend(&errors, errors.empty() ? "" : "\n", text);
    } else {
      Log(LogLevel::kWarning, "configuration finding", {{"finding", text}});
    }
  }
  return errors.empty() ? absl::OkStatus() : absl::InvalidArgumentError(errors);
}

void ApplyFlags(const ServerOptions& options, Config& config) {
  if (options.data_dir) config.data_dir = *options.data_dir;
  if (!options.rules.empty()) config.rules = options.rules;
  if (options.grpc_listen) config.listen.grpc = *options.grpc_listen;
  if (options.http_listen) config.listen.http = *options.http_listen;
  if (options.admin_listen) config.listen.admin = *options.admin_listen;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// The rules that the configuration names.
absl::Status LoadNamedRules(LoadedFiles& files) {
  TOCSIN_ASSIGN_OR_RETURN(const auto paths, rules::ExpandGlobs(files.config.rules));
  std::vector<rules::Diagnostic> findings;
  const auto contents =
      rules::ReadRuleFiles(paths, findings, files.config.limits.rule_file_bytes_max);
  rules::LoadResult loaded = rules::LoadRules(contents, RuleLoadOptions(files.config.limits));
  findings.insert(findings.end(), loaded.diagnostics.begin(), loaded.diagnostics.end());
  TOCSIN_RETURN_IF_ERROR(Judge(findings));
  files.rules = std::make_shared<const rules::RuleSet>(std::move(loaded.rules));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedFiles> LoadFiles(const ServerOptions& options) {
  LoadedFiles files;
  files.other_files.push_back(options.config_path);
  ConfigSources sources = ConfigSources::System();
  sources.secret_file = [&files, read = sources.secret_file](const std::string& path) {
    files.other_files.push_back(path);
    return read(path);
  };
  sources.tls_files = [&files, read = sources.tls_files](const access::TlsFiles& tls) {
    for (const std::string& path : {tls.cert_file, tls.key_file, tls.client_ca_file}) {
      if (!path.empty()) files.other_files.push_back(path);
    }
    return read(tls);
  };
  ConfigResult config = LoadConfig(options.config_path, sources);
  TOCSIN_RETURN_IF_ERROR(Judge(config.diagnostics));
  files.config = std::move(config.config);
  ApplyFlags(options, files.config);
  TOCSIN_RETURN_IF_ERROR(CheckOpenListeners(files.config));

  files.fingerprint = FilesFingerprint(files.other_files, files.config.rules);
  TOCSIN_RETURN_IF_ERROR(LoadNamedRules(files));
  return files;
}

absl::StatusOr<LoadedFiles> LoadFilesToLook(const std::optional<std::string>& config_path,
                                            const std::vector<std::string>& rules) {
  LoadedFiles files;
  if (config_path) {
    ConfigSources sources = ConfigSources::System();
    sources.secrets_required = false;
    ConfigResult config = LoadConfig(*config_path, sources);
    TOCSIN_RETURN_IF_ERROR(Judge(config.diagnostics));
    files.config = std::move(config.config);
  }
  if (!rules.empty()) files.config.rules = rules;
  TOCSIN_RETURN_IF_ERROR(LoadNamedRules(files));
  return files;
}

rules::LoadOptions RuleLoadOptions(const Limits& limits) {
  rules::LoadOptions options;
  options.unsupported = Unsupported;
  options.file_bytes_max = limits.rule_file_bytes_max;
  options.rules_max = limits.rules_max;
  options.expression_nodes_max = limits.expression_nodes_max;
  options.regex_instructions_max = limits.regex_instructions_max;
  return options;
}

uint64_t FilesFingerprint(const std::vector<std::string>& files,
                          const std::vector<std::string>& patterns) {
  std::string all;
  const auto add = [&all](const std::string& path) {
    absl::StrAppend(&all, path, "\n", ReadFile(path), "\n");
  };
  for (const std::string& path : files) add(path);
  if (const auto paths = rules::ExpandGlobs(patterns); paths.ok()) {
    for (const std::string& path : *paths) add(path);
  }
  return Hash64(all);
}

}  // namespace tocsin::app
