#include "integrations/http/http_client_multi.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tocsin::http_client {

CurlMulti::CurlMulti(size_t connections_max, size_t bytes_max)
    : multi_([] {
        TOCSIN_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
        return curl_multi_init();
      }()),
      room_{bytes_max} {
  TOCSIN_CHECK(multi_ != nullptr) << "curl_multi_init";
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(connections_max));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
}

CurlMulti::~CurlMulti() {
  while (!running_.empty()) Remove(running_.begin());
  idle_.clear();
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

void CurlMulti::Start(uint64_t id, HttpRequest request) {
  std::unique_ptr<CurlExchange> exchange;
  if (idle_.empty()) {
    exchange = std::make_unique<CurlExchange>();
  } else {
    exchange = std::move(idle_.back());
    idle_.pop_back();
  }
  TOCSIN_CHECK(request.reach == Reach::kAnywhere) << "connections are shared by all";
  const auto [found, added] =
      running_.emplace(id, Running{std::move(request), std::move(exchange)});
  TOCSIN_CHECK(added) << "exchange " << id << " is under way";
  Running& running = found->second;
  running.exchange->Begin(running.request, &room_);
  void* const handle = running.exchange->handle();
  ids_[handle] = id;
  TOCSIN_CHECK(curl_multi_add_handle(multi_, handle) == CURLM_OK) << "curl_multi_add_handle";
}

std::unique_ptr<CurlExchange> CurlMulti::Remove(std::map<uint64_t, Running>::iterator found) {
  auto exchange = std::move(found->second.exchange);
  curl_multi_remove_handle(multi_, exchange->handle());
  ids_.erase(exchange->handle());
  running_.erase(found);
  return exchange;
}

void CurlMulti::Cancel(uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  auto exchange = Remove(found);
  exchange->End(CURLE_ABORTED_BY_CALLBACK).IgnoreError();  // gives back its room
  idle_.push_back(std::move(exchange));
}

std::vector<CurlMulti::Ended> CurlMulti::Step(absl::Duration span) {
  int running = 0;
  curl_multi_perform(multi_, &running);
  std::vector<Ended> ended = TakeEnded();
  if (!ended.empty() || span <= absl::ZeroDuration()) return ended;
  const auto wait_ms = static_cast<int>(absl::ToInt64Milliseconds(
      absl::Ceil(std::min(span, absl::Minutes(1)), absl::Milliseconds(1))));
  curl_multi_poll(multi_, nullptr, 0, wait_ms, nullptr);
  curl_multi_perform(multi_, &running);
  return TakeEnded();
}

std::vector<CurlMulti::Ended> CurlMulti::TakeEnded() {
  std::vector<Ended> ended;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto id = ids_.find(message->easy_handle);
    TOCSIN_CHECK(id != ids_.end()) << "an exchange ended that nobody began";
    ended.push_back(End(running_.find(id->second), message->data.result));
  }
  return ended;
}

CurlMulti::Ended CurlMulti::End(std::map<uint64_t, Running>::iterator found, int code) {
  const uint64_t id = found->first;
  curl_off_t took_us = 0;
  curl_easy_getinfo(found->second.exchange->handle(), CURLINFO_TOTAL_TIME_T, &took_us);
  auto exchange = Remove(found);
  absl::StatusOr<HttpResponse> answer = exchange->End(code);
  if (exchange->too_large()) {
    answer = absl::ResourceExhaustedError("the answer is too large");
  } else if (exchange->no_room()) {
    answer = absl::ResourceExhaustedError("all answers together are too large");
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    answer = absl::DeadlineExceededError("no complete answer in time");
  }
  idle_.push_back(std::move(exchange));
  return {id, std::move(answer), absl::Microseconds(took_us)};
}

void CurlMulti::Wake() {
  curl_multi_wakeup(multi_);
}

}  // namespace tocsin::http_client
