#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"

namespace tocsin::app {

// What all ways of sending share.
struct SendTarget {
  std::string endpoint = "127.0.0.1:4317";  // OTLP/gRPC
  bool tls = false;
  std::string ca_file, token_file;      // as of ServerTarget
  std::vector<std::string> attributes;  // "key=value", of the resource
};

// When to send.
struct SendPace {
  absl::Duration interval = absl::Seconds(1);
  absl::Duration duration = absl::InfiniteDuration();
};

struct SendHostOptions {
  SendTarget target;
  SendPace pace;
  std::string proc_folder = "/proc";
};
struct SendGeneratedOptions {
  SendTarget target;
  SendPace pace;
  size_t series = 100;
};
struct SendCsvOptions {
  SendTarget target;
  std::string file;
  std::string metric;
  bool shift = false;  // date the rows so that the last one is now
};

// Push samples over OTLP/gRPC, each waiting for its acknowledgement. Exit codes: 0 all taken, 1
// some points were rejected, 2 wrong use, unreadable input or no server.
int RunSendHost(const SendHostOptions& options, const Clock& clock, std::ostream& out,
                std::ostream& err);
int RunSendGenerated(const SendGeneratedOptions& options, const Clock& clock, std::ostream& out,
                     std::ostream& err);
int RunSendCsv(const SendCsvOptions& options, const Clock& clock, std::ostream& out,
               std::ostream& err);

}  // namespace tocsin::app
