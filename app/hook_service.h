#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/mutex.h"
#include "integrations/delivery/receiver.h"
#include "integrations/http/http_message.h"
#include "integrations/opsgenie/webhook.h"

namespace tocsin::app {

// `POST /hooks/opsgenie/{receiver}`: what OpsGenie's webhook says about pages of a receiver, with
// the receiver's `webhook_secret` as `Authorization: Bearer SECRET`. A receiver without one has no
// such path.
//
// Answers: 200 whenever it was understood, also of an alert that is none of ours, so that nobody
// sends it again; 400 what is not such a message, 401 the wrong secret, 404, 405, 413 too large.
// Metric: tocsin_hook_requests_total{receiver,outcome}.
//
// Thread: any. Borrows metrics.
class HookService {
 public:
  // An event at a receiver. False: of no page of ours.
  using Take = std::function<bool(const std::string& receiver, const opsgenie::WebhookEvent&)>;

  HookService(Take take, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
              Metrics& metrics);

  void SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers);

  http::HttpReply Handle(const http::HttpRequest& request);

 private:
  // Makes the counters of receivers that listen.
  void Register(const delivery::ReceiversAndRoutes& receivers);
  prometheus::Counter& CounterOf(const std::string& receiver, const char* outcome);
  http::HttpReply Reply(const std::string& receiver, const char* outcome, int status,
                        const std::string& text);
  bool IsAllowed(const delivery::Receiver& receiver, const http::HttpRequest& request) const;

  const Take take_;
  Metrics& metrics_;
  Mutex mutex_;
  std::shared_ptr<const delivery::ReceiversAndRoutes> receivers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::app
