#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/timestamp.h"
#include "tests/bench/load_series.h"
#include "tests/http/raw_client.h"

namespace tocsin::ingest {

// Sends the series [first, end) over one connection to the HTTP port of this machine: OTLP as plain
// protobuf, or remote write 1.0 as Prometheus does.
class HttpSender {
 public:
  HttpSender(const Options& options, size_t first, size_t end);

  absl::Status Open();
  size_t requests() const { return templates_.size(); }
  absl::Status Send(size_t i, Timestamp now, double value, Tally& tally);
  absl::Status Settle(Tally&) { return absl::OkStatus(); }

 private:
  struct Template {
    std::string bytes;
    Slots slots;
  };
  void Fill(Template& request, Timestamp now, double value) const;
  std::string Head(size_t body_bytes) const;

  const bool remote_write_;
  const std::string path_;
  const uint16_t port_;
  const bool ipv6_;
  std::unique_ptr<http::RawClient> client_;
  std::vector<Template> templates_;
};

}  // namespace tocsin::ingest
