#include "integrations/http/http_client.h"

#include <curl/curl.h>

#include <utility>

#include "absl/strings/match.h"
#include "base/check.h"
#include "base/mutex.h"
#include "integrations/http/http_client_exchange.h"

namespace tocsin::http_client {
namespace {

// Asked by curl at least once a second; anything but 0 ends the exchange.
int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

void WatchFor(CURL* handle, std::atomic<bool>& aborted) {
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &aborted);
}

}  // namespace

absl::string_view HttpResponse::Header(absl::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (absl::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return {};
}

// Idle handles, the one used last at the end.
struct CurlTransport::Pool {
  Mutex mutex;
  std::vector<std::unique_ptr<CurlExchange>> idle ABSL_GUARDED_BY(mutex);

  std::unique_ptr<CurlExchange> Take() {
    {
      MutexLock lock(mutex);
      if (!idle.empty()) {
        auto exchange = std::move(idle.back());
        idle.pop_back();
        return exchange;
      }
    }
    return std::make_unique<CurlExchange>();
  }
  void Give(std::unique_ptr<CurlExchange> exchange) {
    MutexLock lock(mutex);
    idle.push_back(std::move(exchange));
  }
  void Clear() {
    MutexLock lock(mutex);
    idle.clear();
  }
};

CurlTransport::CurlTransport() {
  for (auto& pool : pools_) pool = std::make_unique<Pool>();
  TOCSIN_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

CurlTransport::~CurlTransport() {
  for (auto& pool : pools_) pool->Clear();
  curl_global_cleanup();
}

absl::StatusOr<HttpResponse> CurlTransport::Send(const HttpRequest& request) {
  if (aborted_) return absl::UnavailableError("stopping");
  Pool& pool = *pools_.at(static_cast<size_t>(request.reach));
  auto exchange = pool.Take();
  exchange->Begin(request);
  WatchFor(exchange->handle(), aborted_);
  absl::StatusOr<HttpResponse> answer = exchange->End(curl_easy_perform(exchange->handle()));
  pool.Give(std::move(exchange));
  return answer;
}

}  // namespace tocsin::http_client
