#include "tests/opsgenie_sim/sim_webhook_sender.h"

#include <utility>

namespace tocsin::sim {
namespace {

constexpr size_t kWaitingMax = 10'000;  // then the newest are lost

}  // namespace

SimWebhookSender::SimWebhookSender(std::string url, std::vector<http_client::HttpHeader> headers)
    : url_(std::move(url)), headers_(std::move(headers)), thread_([this] { Run(); }) {}

SimWebhookSender::~SimWebhookSender() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void SimWebhookSender::Send(const SimWebhook& webhook) {
  MutexLock lock(mutex_);
  if (bodies_.size() >= kWaitingMax) return;
  bodies_.push_back(webhook.body);
  changed_.NotifyAll();
}

void SimWebhookSender::Run() {
  while (true) {
    http_client::HttpRequest request;
    {
      MutexLock lock(mutex_);
      while (bodies_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      request.body = std::move(bodies_.front());
      bodies_.pop_front();
    }
    request.method = "POST";
    request.url = url_;
    request.headers = headers_;
    request.headers.push_back({"Content-Type", "application/json"});
    static_cast<void>(transport_.Send(request));
  }
}

}  // namespace tocsin::sim
