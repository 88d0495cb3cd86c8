#pragma once

#include <boost/beast/http/message.hpp>
#include <string>

#include "integrations/http/http_message.h"

// The header of a request. Included by the server's own files only, because Beast is heavy.
namespace tocsin::http {

// Why a parsed header must not be trusted; empty if it is fine. Beast refuses most of what is
// ambiguous; this adds what it lets pass.
std::string FramingProblem(const boost::beast::http::request_header<>& header);

// The request that a header begins, without its body.
HttpRequest HeadOf(const boost::beast::http::request_header<>& header, const std::string& peer);

}  // namespace tocsin::http
