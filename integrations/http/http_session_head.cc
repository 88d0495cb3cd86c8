#include "integrations/http/http_session_head.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

absl::string_view ToAbsl(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string FramingProblem(const bhttp::request_header<>& header) {
  const size_t lengths = header.count(bhttp::field::content_length);
  const size_t encodings = header.count(bhttp::field::transfer_encoding);
  if (lengths > 0 && encodings > 0) return "both Content-Length and Transfer-Encoding";
  if (lengths > 1 || absl::StrContains(ToAbsl(header[bhttp::field::content_length]), ',')) {
    return "more than one Content-Length";
  }
  if (encodings > 1 ||
      (encodings == 1 &&
       !absl::EqualsIgnoreCase(ToAbsl(header[bhttp::field::transfer_encoding]), "chunked"))) {
    return "a Transfer-Encoding other than chunked";
  }
  if (header.version() == 10 && encodings > 0) return "Transfer-Encoding in HTTP/1.0";
  if (header.version() != 10 && header.version() != 11)
    return "an HTTP version other than 1.0, 1.1";
  const size_t hosts = header.count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && header.version() == 11)) return "not exactly one Host";
  if (header.target().empty() || header.target()[0] != '/') return "a target that is not a path";
  return "";
}

HttpRequest HeadOf(const bhttp::request_header<>& header, const std::string& peer) {
  HttpRequest request;
  request.method = std::string(header.method_string());
  const std::string target(header.target());
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  for (const auto& field : header) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.peer = peer;
  return request;
}

}  // namespace tocsin::http
