#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "integrations/http/http_client.h"

struct curl_slist;

namespace tocsin::http_client {

// Bytes that the bodies of several exchanges may still take together.
struct BodyRoom {
  size_t bytes_left = 0;
};

// One of libcurl's handles, what it is told of a request, and the answer as it comes: what
// CurlTransport and CurlMulti have in common. They perform the exchange; it stays where it is
// meanwhile.
//
// Thread: one at a time.
class CurlExchange {
 public:
  CurlExchange();
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  // Tells the handle what to do; `request` stays until End(), and so does `room`, unless null,
  // which the answer's body takes and End() gives back.
  void Begin(const HttpRequest& request, BodyRoom* room = nullptr);
  // What became of it, by curl's code. Errors: see HttpTransport.
  absl::StatusOr<HttpResponse> End(int code);
  // Why a body was cut off, if it was: more than the request's body_bytes_max, or than the room.
  bool too_large() const { return too_large_; }
  bool no_room() const { return no_room_; }

  void* handle() { return handle_; }

 private:
  struct Callbacks;
  void AddHeader(const std::string& line);
  void Configure(const HttpRequest& request);

  void* const handle_;
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  size_t header_bytes_ = 0;
  size_t body_bytes_max_ = 0;
  Reach reach_ = Reach::kAnywhere;
  bool refused_ = false;
  bool too_large_ = false;
  bool no_room_ = false;
  BodyRoom* room_ = nullptr;
};

}  // namespace tocsin::http_client
