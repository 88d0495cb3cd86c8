#include "integrations/http/http_client_exchange.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace tocsin::http_client {
namespace {

constexpr size_t kHeaderBytesMax = 1 << 20;
constexpr long kConnectTimeoutMs = 5000;
constexpr long kConnectionIdleSecondsMax = 300;

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

}  // namespace

// What curl calls while an exchange goes on.
struct CurlExchange::Callbacks {
  // Returning less than offered makes curl fail the transfer.
  static size_t OnBody(char* data, size_t size, size_t count, void* user) {
    auto& exchange = *static_cast<CurlExchange*>(user);
    const size_t bytes = size * count;
    std::string& body = exchange.response_.body;
    if (bytes > exchange.body_bytes_max_ - body.size()) {
      exchange.too_large_ = true;
      return 0;
    }
    if (exchange.room_ != nullptr) {
      if (bytes > exchange.room_->bytes_left) {
        exchange.no_room_ = true;
        return 0;
      }
      exchange.room_->bytes_left -= bytes;
    }
    body.append(data, bytes);
    return bytes;
  }

  static size_t OnHeader(char* data, size_t size, size_t count, void* user) {
    auto& exchange = *static_cast<CurlExchange*>(user);
    const size_t bytes = size * count;
    const absl::string_view line(data, bytes);
    exchange.header_bytes_ += bytes;
    if (exchange.header_bytes_ > kHeaderBytesMax) return 0;
    std::vector<HttpHeader>& headers = exchange.response_.headers;
    if (absl::StartsWith(line, "HTTP/")) headers.clear();  // after a "100 Continue"
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) return bytes;
    headers.push_back({std::string(line.substr(0, colon)),
                       std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)))});
    return bytes;
  }

  // Opens the socket of a connection, if the address is within reach.
  static curl_socket_t OpenSocket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<CurlExchange*>(user);
    if (!Allows(exchange.reach_, address->addr)) {
      exchange.refused_ = true;
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

CurlExchange::CurlExchange() : handle_(curl_easy_init()) {
  TOCSIN_CHECK(handle_ != nullptr) << "curl_easy_init";
}

CurlExchange::~CurlExchange() {
  curl_slist_free_all(headers_);
  curl_easy_cleanup(handle_);
}

void CurlExchange::AddHeader(const std::string& line) {
  headers_ = curl_slist_append(headers_, line.c_str());
}

void CurlExchange::Begin(const HttpRequest& request, BodyRoom* room) {
  response_ = {};
  header_bytes_ = 0;
  body_bytes_max_ = request.body_bytes_max;
  reach_ = request.reach;
  refused_ = too_large_ = no_room_ = false;
  room_ = room;
  for (const HttpHeader& header : request.headers) {
    AddHeader(absl::StrCat(header.name, ": ", header.value));
  }
  AddHeader("Expect:");  // no "100 Continue" round trip for larger bodies
  Configure(request);
}

void CurlExchange::Configure(const HttpRequest& request) {
  curl_easy_reset(handle_);  // keeps the connections
  curl_easy_setopt(handle_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle_, CURLOPT_MAXAGE_CONN, kConnectionIdleSecondsMax);
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(request.deadline)));
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, Callbacks::OnBody);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, Callbacks::OnHeader);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  if (request.gzip) curl_easy_setopt(handle_, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (!request.ca_file.empty()) {
    curl_easy_setopt(handle_, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(handle_, CURLOPT_CA_CACHE_TIMEOUT, 0L);  // the file may be renewed
  }
  if (request.reach != Reach::kAnywhere) {
    curl_easy_setopt(handle_, CURLOPT_OPENSOCKETFUNCTION, Callbacks::OpenSocket);
    curl_easy_setopt(handle_, CURLOPT_OPENSOCKETDATA, this);
  }
  if (request.direct || request.reach != Reach::kAnywhere) {
    curl_easy_setopt(handle_, CURLOPT_NOPROXY, "*");
  }
  if (request.method == "GET") return;
  curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request.body.data());
}

absl::StatusOr<HttpResponse> CurlExchange::End(int result) {
  const auto code = static_cast<CURLcode>(result);
  const bool not_sent = code != CURLE_OK && SurelyNotSent(code, handle_);
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers_);
  headers_ = nullptr;
  if (room_ != nullptr) room_->bytes_left += response_.body.size();
  if (code != CURLE_OK && not_sent && refused_) {
    return absl::FailedPreconditionError(
        "the URL's host resolves to an address that is private, loopback or otherwise not public");
  }
  if (code != CURLE_OK) {
    const std::string text = curl_easy_strerror(code);
    return not_sent ? absl::UnavailableError(text) : absl::UnknownError(text);
  }
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace tocsin::http_client
