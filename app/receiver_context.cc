#include "app/receiver_context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_routing.h"
#include "rules/page_check.h"

namespace tocsin::app {

namespace code = rules::code;

void ReceiverContext::CheckTemplate(const YamlNode& node, const std::string& what) const {
  if (node.kind != YamlNode::Kind::kScalar) return;
  const auto fault = rules::CheckPageTemplate(node.value);
  if (!fault) return;
  if (fault->certain) {
    return findings.Error(node, code::kTemplate,
                          absl::StrCat("template of ", what, ": ", fault->message), fault->hint);
  }
  findings.Warning(node, code::kTemplate,
                   absl::StrCat("template of ", what, " fails without labels: ", fault->message),
                   fault->hint);
}

void ReceiverContext::Unresolved(const YamlNode& at, std::string message) const {
  if (sources_.secrets_required) return findings.Error(at, kSecret, std::move(message));
  findings.Warning(at, kSecret, std::move(message));
}

// The value is `${NAME}` and nothing else, so that no secret is ever written into the file.
std::optional<std::string> ReceiverContext::FromEnvironment(const YamlNode& node,
                                                            const std::string& key) const {
  const auto text = ReadText(findings, node, key);
  if (!text) return std::nullopt;
  if (!absl::StartsWith(*text, "${") || !absl::EndsWith(*text, "}") || text->size() < 4) {
    findings.BadValue(node, absl::StrCat(key, " must not be written into the file"),
                      absl::StrCat("use ", key, "_file or ${NAME} of an environment variable"));
    return std::nullopt;
  }
  const std::string name = text->substr(2, text->size() - 3);
  auto value = sources_.environment(name);
  if (!value) Unresolved(node, absl::StrCat("the environment variable ", name, " is not set"));
  return value;
}

std::optional<std::string> ReceiverContext::ReadSecretText(const YamlNode& node) const {
  const auto path = ReadText(findings, node, "the path of a secret");
  if (!path) return std::nullopt;
  auto content = sources_.secret_file(ResolvePath(folder_, *path));
  if (content.ok()) return *std::move(content);
  Unresolved(node, std::string(content.status().message()));
  return std::nullopt;
}

std::string ReceiverContext::ResolveReadable(const YamlNode& at, const std::string& path) const {
  std::string resolved = ResolvePath(folder_, path);
  const absl::Status status = sources_.readable_file(resolved);
  if (!status.ok()) Unresolved(at, std::string(status.message()));
  return resolved;
}

Secret ReceiverContext::ReadSecret(const ConfigMap& map, const std::string& key) const {
  const std::string file_key = key + "_file";
  const YamlNode* inline_value = map.Find(key);
  const YamlNode* file = map.Find(file_key);
  if ((inline_value == nullptr) == (file == nullptr)) {
    findings.Error(map.node(), inline_value != nullptr ? code::kConflict : code::kMissingKey,
                   absl::StrCat("exactly one of ", key, " and ", file_key, " is needed"));
    return Secret();
  }
  return inline_value != nullptr ? ReadSecretVariable(map, key) : ReadSecretFile(map, key);
}

Secret ReceiverContext::ReadSecretVariable(const ConfigMap& map, const std::string& key) const {
  const YamlNode& node = *map.Find(key);
  return Checked(node, FromEnvironment(node, key));
}

Secret ReceiverContext::ReadSecretFile(const ConfigMap& map, const std::string& key) const {
  const YamlNode& node = *map.Find(key + "_file");
  return Checked(node, ReadSecretText(node));
}

Secret ReceiverContext::Checked(const YamlNode& node, std::optional<std::string> value) const {
  if (!value) return Secret();
  absl::StripAsciiWhitespace(&*value);
  const bool printable = std::all_of(value->begin(), value->end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (value->empty() || !printable) {
    Unresolved(node, "the secret is empty or holds blanks or control characters");
    return Secret();
  }
  return Secret(*std::move(value));
}

void ReceiverContext::ReadTemplate(const ConfigMap& map, const std::string& key,
                                   std::string* out) const {
  if (map.ReadString(key, out)) CheckTemplate(*map.Find(key), key);
}

}  // namespace tocsin::app
