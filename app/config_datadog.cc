#include "app/config_datadog.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "integrations/http/listen_address.h"

namespace tocsin::app {
namespace {

constexpr size_t kSocketPathBytesMax = 107;  // the system's

void ReadKey(const ReceiverContext& context, const YamlNode& node, datadog::DatadogConfig& config) {
  ConfigMap map(context.findings, node, "an entry of api_keys");
  if (node.kind != YamlNode::Kind::kMap) return;  // said there
  map.CheckKeys({"api_key", "api_key_file"});
  Secret key = context.ReadSecret(map, "api_key");
  if (!key.empty()) config.api_keys.push_back(std::move(key));
}

void ReadUdp(ConfigFindings& findings, const ConfigMap& map, std::string* out) {
  if (!map.ReadString("listen", out)) return;
  const auto address = http::ParseListenAddress(*out);
  if (!address.ok()) {
    findings.BadValue(*map.Find("listen"), std::string(address.status().message()));
  }
}

void ReadSocket(ConfigFindings& findings, const ConfigMap& map, datadog::StatsdListen& listen) {
  if (map.ReadString("socket", &listen.socket) && listen.socket.size() > kSocketPathBytesMax) {
    findings.BadValue(*map.Find("socket"), absl::StrCat("the path of a socket has at most ",
                                                        kSocketPathBytesMax, " bytes"));
  }
  std::string mode;
  if (!map.ReadString("socket_mode", &mode)) return;
  const bool octal =
      mode.size() >= 3 && mode.size() <= 4 &&
      std::all_of(mode.begin(), mode.end(), [](char c) { return c >= '0' && c <= '7'; });
  const uint32_t number = octal ? static_cast<uint32_t>(std::stoul(mode, nullptr, 8)) : 01000;
  if (number > 0777) {
    return findings.BadValue(*map.Find("socket_mode"),
                             "socket_mode is a mode in octal, as chmod takes it",
                             "for instance \"0722\": everyone may write, nobody else may read");
  }
  listen.socket_mode = number;
}

}  // namespace

datadog::DatadogConfig ReadDatadog(const ReceiverContext& context, const ConfigMap& top) {
  datadog::DatadogConfig config;
  const YamlNode* node = top.Find("datadog");
  if (node == nullptr) return config;
  ConfigMap map(context.findings, *node, "datadog");
  map.CheckKeys({"api_keys"});
  map.ForEachItem("api_keys", [&](const YamlNode& item) { ReadKey(context, item, config); });
  const YamlNode* keys = map.Find("api_keys");
  if (keys != nullptr && keys->kind == YamlNode::Kind::kSequence && keys->items.empty()) {
    context.findings.BadValue(*keys, "api_keys must not be empty", "leave it out to take any key");
  }
  return config;
}

datadog::StatsdConfig ReadDogstatsd(ConfigFindings& findings, const ConfigMap& top) {
  datadog::StatsdConfig config;
  const YamlNode* node = top.Find("dogstatsd");
  if (node == nullptr) return config;
  ConfigMap map(findings, *node, "dogstatsd");
  map.CheckKeys({"listen", "socket", "socket_mode", "host", "tags"});
  ReadUdp(findings, map, &config.listen.udp);
  ReadSocket(findings, map, config.listen);
  map.ReadString("host", &config.host);
  map.ReadStrings("tags", &config.tags);
  if (map.Find("listen") == nullptr && map.Find("socket") == nullptr) {
    findings.Error(*node, rules::code::kMissingKey, "dogstatsd needs listen or socket");
  }
  return config;
}

void PrintDatadog(const datadog::DatadogConfig& config, ConfigWriter& writer) {
  if (config.api_keys.empty()) return;
  writer.Begin("datadog");
  writer.Begin("api_keys");
  for (size_t i = 0; i < config.api_keys.size(); ++i) {
    writer.Item();
    writer.Text("api_key", "<redacted>");
    writer.End();
  }
  writer.End();
  writer.End();
}

void PrintDogstatsd(const datadog::StatsdConfig& config, ConfigWriter& writer) {
  if (config.listen.udp.empty() && config.listen.socket.empty()) return;
  writer.Begin("dogstatsd");
  if (!config.listen.udp.empty()) writer.Text("listen", config.listen.udp);
  if (!config.listen.socket.empty()) {
    writer.Text("socket", config.listen.socket);
    writer.Text("socket_mode", absl::StrFormat("%04o", config.listen.socket_mode));
  }
  if (!config.host.empty()) writer.Text("host", config.host);
  if (!config.tags.empty()) writer.Texts("tags", config.tags);
  writer.End();
}

}  // namespace tocsin::app
