#include "integrations/http/http_client.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/mutex.h"

namespace tocsin::http_client {
namespace {

constexpr size_t kResponseBytesMax = 1 << 20;
constexpr long kConnectTimeoutMs = 5000;
constexpr long kConnectionIdleSecondsMax = 300;

// Collects one answer. Returning less than offered makes curl fail the transfer.
struct Receiver {
  HttpResponse response;
  size_t header_bytes = 0;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  const size_t bytes = size * count;
  if (receiver.response.body.size() + bytes > kResponseBytesMax) return 0;
  receiver.response.body.append(data, bytes);
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  const size_t bytes = size * count;
  const absl::string_view line(data, bytes);
  receiver.header_bytes += bytes;
  if (receiver.header_bytes > kResponseBytesMax) return 0;
  if (absl::StartsWith(line, "HTTP/")) receiver.response.headers.clear();  // after a "100 Continue"
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return bytes;
  receiver.response.headers.push_back(
      {std::string(line.substr(0, colon)),
       std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)))});
  return bytes;
}

// Whether the request can have reached the server when curl fails with `code`.
bool SurelyNotSent(CURLcode code, CURL* handle) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return true;
    default: {
      long sent = 0;
      curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
      return sent == 0;
    }
  }
}

// Opens the socket of a connection, if the address is within reach.
struct Gate {
  Reach reach = Reach::kAnywhere;
  bool refused = false;
};

curl_socket_t OpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& gate = *static_cast<Gate*>(user);
  if (!Allows(gate.reach, address->addr)) {
    gate.refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Limit(CURL* handle, Gate& gate) {
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &gate);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
}

// Asked by curl at least once a second; anything but 0 ends the exchange.
int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

void WatchFor(CURL* handle, std::atomic<bool>& aborted) {
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &aborted);
}

struct HeaderList {
  ~HeaderList() { curl_slist_free_all(list); }
  void Add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

void Configure(CURL* handle, const HttpRequest& request, const HeaderList& headers,
               Receiver& receiver) {
  curl_easy_reset(handle);  // keeps the connections
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, kConnectionIdleSecondsMax);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(request.deadline)));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &receiver);
  if (!request.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.method == "GET") return;
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
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
  std::vector<CURL*> idle ABSL_GUARDED_BY(mutex);

  CURL* Take() {
    {
      MutexLock lock(mutex);
      if (!idle.empty()) {
        CURL* handle = idle.back();
        idle.pop_back();
        return handle;
      }
    }
    CURL* handle = curl_easy_init();
    TOCSIN_CHECK(handle != nullptr) << "curl_easy_init";
    return handle;
  }
  void Give(CURL* handle) {
    MutexLock lock(mutex);
    idle.push_back(handle);
  }
  void Clear() {
    MutexLock lock(mutex);
    for (CURL* handle : idle) curl_easy_cleanup(handle);
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
  HeaderList headers;
  for (const HttpHeader& header : request.headers) {
    headers.Add(absl::StrCat(header.name, ": ", header.value));
  }
  headers.Add("Expect:");  // no "100 Continue" round trip for larger bodies
  Receiver receiver;
  Gate gate{request.reach};
  Pool& pool = *pools_.at(static_cast<size_t>(request.reach));
  CURL* handle = pool.Take();
  Configure(handle, request, headers, receiver);
  WatchFor(handle, aborted_);
  if (request.reach != Reach::kAnywhere) Limit(handle, gate);
  const CURLcode code = curl_easy_perform(handle);
  const bool not_sent = code != CURLE_OK && SurelyNotSent(code, handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  pool.Give(handle);
  if (code != CURLE_OK && not_sent && gate.refused) {
    return absl::FailedPreconditionError(
        "the URL's host resolves to an address that is private, loopback or otherwise not public");
  }
  if (code != CURLE_OK) {
    const std::string text = curl_easy_strerror(code);
    return not_sent ? absl::UnavailableError(text) : absl::UnknownError(text);
  }
  receiver.response.status = static_cast<int>(status);
  return std::move(receiver.response);
}

}  // namespace tocsin::http_client
