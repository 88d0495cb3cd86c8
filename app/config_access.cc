#include "app/config_access.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "app/config_routing.h"
#include "app/receiver_context.h"
#include "integrations/http/listen_address.h"

namespace tocsin::app {
namespace {

constexpr size_t kTokenBytesMin = 16;
constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kTokensMax = 1000;

// One entry of access.tokens.
class TokenReader {
 public:
  explicit TokenReader(const ReceiverContext& context)
      : context_(context), findings_(context.findings) {}

  access::Token Read(const YamlNode& node);

 private:
  void ReadScopes(const ConfigMap& map, access::Token& token);
  void ReadDigests(const ConfigMap& map, access::Token& token);
  void ReadFile(const YamlNode& node, access::Token& token);
  // `text` never gets into a finding.
  void Add(const YamlNode& at, absl::string_view text, access::Token& token);

  const ReceiverContext& context_;
  ConfigFindings& findings_;
  std::set<std::string> names_;
};

access::Token TokenReader::Read(const YamlNode& node) {
  access::Token token;
  ConfigMap map(findings_, node, "a token");
  if (node.kind != YamlNode::Kind::kMap) return token;  // said there
  map.CheckKeys({"name", "scopes", "token", "token_file", "token_sha256"});
  map.ReadString("name", &token.name);
  if (token.name.empty()) {
    findings_.Error(node, rules::code::kMissingKey, "a token needs a name",
                    "it tells in the log who came");
  } else if (!names_.insert(token.name).second) {
    findings_.Error(map.Key("name"), rules::code::kConflict,
                    absl::StrCat("there is another token named ", token.name));
  }
  ReadScopes(map, token);
  ReadDigests(map, token);
  return token;
}

void TokenReader::ReadScopes(const ConfigMap& map, access::Token& token) {
  std::vector<std::string> names;
  map.ReadStrings("scopes", &names);
  for (const std::string& name : names) {
    if (const auto scope = access::ParseScope(name)) {
      token.scopes.Add(*scope);
    } else {
      findings_.BadValue(*map.Find("scopes"), absl::StrCat("there is no scope ", name),
                         "ingest, read, silence or admin");
    }
  }
  if (names.empty()) {
    findings_.Error(map.Key("scopes"), rules::code::kMissingKey, "a token needs scopes",
                    "ingest, read, silence or admin");
  }
}

void TokenReader::ReadDigests(const ConfigMap& map, access::Token& token) {
  const YamlNode* file = map.Find("token_file");
  const YamlNode* variable = map.Find("token");
  const YamlNode* digest = map.Find("token_sha256");
  const int ways =
      (file != nullptr ? 1 : 0) + (variable != nullptr ? 1 : 0) + (digest != nullptr ? 1 : 0);
  if (ways != 1) {
    return findings_.Error(map.node(),
                           ways == 0 ? rules::code::kMissingKey : rules::code::kConflict,
                           "exactly one of token_file, token and token_sha256 is needed");
  }
  if (file != nullptr) return ReadFile(*file, token);
  if (variable != nullptr) {
    const Secret secret = context_.ReadSecretVariable(map, "token");
    if (!secret.empty()) Add(*variable, secret.Reveal(), token);
    return;
  }
  const auto text = ReadText(findings_, *digest, "token_sha256");
  if (!text) return;
  const auto parsed = access::ParseDigest(*text);
  if (!parsed) {
    return findings_.BadValue(*digest, "token_sha256 must be 64 hexadecimal digits",
                              "printf %s \"$TOKEN\" | sha256sum");
  }
  token.digests.push_back(*parsed);
}

void TokenReader::ReadFile(const YamlNode& node, access::Token& token) {
  const auto content = context_.ReadSecretText(node);
  if (!content) return;
  for (absl::string_view line : absl::StrSplit(*content, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) Add(node, line, token);
  }
  if (token.digests.empty()) context_.Unresolved(node, "there is no token in the file");
}

void TokenReader::Add(const YamlNode& at, absl::string_view text, access::Token& token) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable || text.size() < kTokenBytesMin || text.size() > kTokenBytesMax) {
    return context_.Unresolved(at, absl::StrCat("a token has ", kTokenBytesMin, " to ",
                                                kTokenBytesMax, " visible characters"));
  }
  token.digests.push_back(access::DigestOf(text));
}

void ReadTls(ConfigFindings& findings, const ConfigMap& top, const std::string& folder,
             const ConfigSources& sources, AccessConfig& config) {
  const YamlNode* node = top.Find("tls");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "tls");
  if (node->kind != YamlNode::Kind::kMap) return;  // said there
  map.CheckKeys({"cert_file", "key_file", "client_ca_file", "client_allowed_sans", "listeners"});
  access::TlsFiles& tls = config.tls;
  for (const auto& [key, path] : {std::pair{"cert_file", &tls.cert_file},
                                  {"key_file", &tls.key_file},
                                  {"client_ca_file", &tls.client_ca_file}}) {
    if (map.ReadString(key, path)) *path = ResolvePath(folder, *path);
  }
  map.ReadStrings("client_allowed_sans", &tls.client_allowed_sans);
  if (tls.cert_file.empty() || tls.key_file.empty()) {
    tls = {};
    return findings.Error(*node, rules::code::kMissingKey, "tls needs cert_file and key_file");
  }
  if (!tls.client_allowed_sans.empty() && !tls.asks_clients()) {
    findings.Error(map.Key("client_allowed_sans"), rules::code::kMissingKey,
                   "client_allowed_sans needs client_ca_file");
  }
  if (map.ReadStrings("listeners", &config.tls_listeners)) {
    for (const std::string& name : config.tls_listeners) {
      if (name == "grpc" || name == "http" || name == "admin") continue;
      findings.BadValue(*map.Find("listeners"), absl::StrCat("there is no listener ", name),
                        "grpc, http or admin");
    }
  }
  auto material = sources.tls_files(tls);
  if (material.ok()) {
    config.tls_material = *std::move(material);
  } else {
    ReceiverContext(findings, folder, sources)
        .Unresolved(*node, std::string(material.status().message()));
  }
}

// Where others may come in, by its place in the file.
struct Listener {
  std::string section, key;
  std::string address;
  bool guarded = false;  // who comes is asked who they are
};

std::vector<Listener> ListenersOf(const Config& config) {
  std::vector<Listener> listeners;
  const auto add = [&](const char* name, const std::string& address) {
    const bool mutual = config.access.TlsOn(name) && config.access.tls.asks_clients();
    listeners.push_back({"listen", name, address, mutual || !config.access.tokens.empty()});
  };
  add("grpc", config.listen.grpc);
  add("http", config.listen.http);
  add("admin", config.listen.admin);
  // Datagrams show no token.
  listeners.push_back({"dogstatsd", "listen", config.dogstatsd.listen.udp, false});
  return listeners;
}

bool IsOpen(const Listener& listener) {
  if (listener.address.empty() || listener.guarded) return false;
  const auto address = http::ParseListenAddress(listener.address);
  return address.ok() && !address->IsLoopback();
}

std::string OpenText(const Listener& listener) {
  return absl::StrCat(listener.section, ".", listener.key, " (", listener.address,
                      ") is open to other hosts, and nobody is asked who they are");
}

constexpr char kOpenHint[] =
    "use a loopback address, or set access.tokens or tls.client_ca_file, or "
    "access.allow_open_listeners: true if something else keeps others out";

}  // namespace

AccessConfig ReadAccess(ConfigFindings& findings, const ConfigMap& top, const std::string& folder,
                        const ConfigSources& sources) {
  AccessConfig config;
  ReadTls(findings, top, folder, sources, config);
  const YamlNode* node = top.Find("access");
  if (node == nullptr) return config;
  ConfigMap map(findings, *node, "access");
  if (node->kind != YamlNode::Kind::kMap) return config;  // said there
  map.CheckKeys({"tokens", "allow_open_listeners"});
  map.ReadBool("allow_open_listeners", &config.allow_open_listeners);
  const ReceiverContext context(findings, folder, sources);
  TokenReader reader(context);
  map.ForEachItem("tokens",
                  [&](const YamlNode& item) { config.tokens.push_back(reader.Read(item)); });
  if (config.tokens.size() > kTokensMax) {
    findings.BadValue(map.Key("tokens"), absl::StrCat("there may be ", kTokensMax, " tokens"));
  }
  return config;
}

void ReportOpenListeners(ConfigFindings& findings, const ConfigMap& top, const Config& config) {
  for (const Listener& listener : ListenersOf(config)) {
    const YamlNode* section = top.Find(listener.section);
    if (section == nullptr || section->kind != YamlNode::Kind::kMap || !IsOpen(listener)) continue;
    ConfigMap map(findings, *section, listener.section);
    const YamlNode* node = map.Find(listener.key);
    if (node == nullptr) continue;
    if (config.access.allow_open_listeners) {
      findings.Warning(*node, kOpenListener, OpenText(listener));
    } else {
      findings.Error(*node, kOpenListener, OpenText(listener), kOpenHint);
    }
  }
}

absl::Status CheckOpenListeners(const Config& config) {
  if (config.access.allow_open_listeners) return absl::OkStatus();
  for (const Listener& listener : ListenersOf(config)) {
    if (!IsOpen(listener)) continue;
    return absl::FailedPreconditionError(absl::StrCat(OpenText(listener), "; ", kOpenHint));
  }
  return absl::OkStatus();
}

void PrintAccess(const AccessConfig& access, ConfigWriter& writer) {
  if (access.tls.on()) {
    writer.Begin("tls");
    writer.Text("cert_file", access.tls.cert_file);
    writer.Text("key_file", access.tls.key_file);
    if (access.tls.asks_clients()) writer.Text("client_ca_file", access.tls.client_ca_file);
    if (!access.tls.client_allowed_sans.empty()) {
      writer.Texts("client_allowed_sans", access.tls.client_allowed_sans);
    }
    writer.Texts("listeners", access.tls_listeners);
    writer.End();
  }
  writer.Begin("access");
  writer.Line(
      absl::StrCat("allow_open_listeners: ", access.allow_open_listeners ? "true" : "false"));
  if (!access.tokens.empty()) writer.Begin("tokens");
  for (const access::Token& token : access.tokens) {
    std::vector<std::string> scopes;
    for (const access::Scope scope : access::kScopes) {
      if (token.scopes.Names(scope)) scopes.push_back(access::ScopeName(scope));
    }
    writer.Item();
    writer.Text("name", token.name);
    writer.Texts("scopes", scopes);
    writer.Text("token_file", "<redacted>");
    writer.End();
  }
  if (!access.tokens.empty()) writer.End();
  writer.End();
}

}  // namespace tocsin::app
