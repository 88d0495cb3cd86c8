#pragma once

#include <optional>
#include <string>

#include "app/config.h"
#include "app/config_reader.h"
#include "base/secret.h"

namespace tocsin::app {

// What the readers of receivers and of access share: where findings go and where secrets come from.
// Borrows all.
class ReceiverContext {
 public:
  ReceiverContext(ConfigFindings& config_findings, const std::string& folder,
                  const ConfigSources& sources)
      : findings(config_findings), folder_(folder), sources_(sources) {}

  // The secret at `key` (as `${NAME}` of an environment variable) or at `key`_file, of which there
  // must be exactly one. Empty, with a finding, if it cannot be had.
  Secret ReadSecret(const ConfigMap& map, const std::string& key) const;
  // One of the two ways to a secret; its key must be there.
  Secret ReadSecretVariable(const ConfigMap& map, const std::string& key) const;
  Secret ReadSecretFile(const ConfigMap& map, const std::string& key) const;

  // The content of the file that a node names, as it is; nullopt, with a finding, if it cannot be
  // had.
  std::optional<std::string> ReadSecretText(const YamlNode& node) const;
  // The path of a file that is no secret, resolved; a finding if it cannot be read, an error where
  // secrets are needed.
  std::string ResolveReadable(const YamlNode& at, const std::string& path) const;
  // A finding about a secret that cannot be had: an error where secrets are needed.
  void Unresolved(const YamlNode& at, std::string message) const;

  // Reads a template, and reports what is wrong with it.
  void ReadTemplate(const ConfigMap& map, const std::string& key, std::string* out) const;
  void CheckTemplate(const YamlNode& node, const std::string& what) const;

  ConfigFindings& findings;

 private:
  std::optional<std::string> FromEnvironment(const YamlNode& node, const std::string& key) const;
  Secret Checked(const YamlNode& node, std::optional<std::string> value) const;

  const std::string& folder_;
  const ConfigSources& sources_;
};

}  // namespace tocsin::app
