#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_types.h"

namespace tocsin::sim {

// Posts webhooks one after the other on a thread of its own. A receiver that is away loses them.
//
// Thread: Send from any. The destructor waits for the request under way and drops what waits.
class SimWebhookSender {
 public:
  SimWebhookSender(std::string url, std::vector<http_client::HttpHeader> headers);
  ~SimWebhookSender();

  void Send(const SimWebhook& webhook);

 private:
  void Run();

  const std::string url_;
  const std::vector<http_client::HttpHeader> headers_;
  http_client::CurlTransport transport_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> bodies_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::sim
