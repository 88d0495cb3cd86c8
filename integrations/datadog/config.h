#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.h"

namespace tocsin::datadog {

// `datadog:` of the configuration. Plain data.
struct DatadogConfig {
  std::vector<Secret> api_keys;  // that senders may use; empty: any
};

// Where DogStatsD's datagrams come in.
struct StatsdListen {
  std::string udp;              // "127.0.0.1:8125"; "": none
  std::string socket;           // path of a Unix datagram socket; "": none
  uint32_t socket_mode = 0722;  // who may write to it; the Agent's default
  friend bool operator==(const StatsdListen&, const StatsdListen&) = default;
};

// `dogstatsd:` of the configuration. Plain data; off without a place to listen at.
struct StatsdConfig {
  StatsdListen listen;
  std::string host;               // of metrics that name none; "": the machine's name
  std::vector<std::string> tags;  // added to all
  friend bool operator==(const StatsdConfig&, const StatsdConfig&) = default;
};

}  // namespace tocsin::datadog
