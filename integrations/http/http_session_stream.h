#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "integrations/http/http_session_tls.h"

namespace tocsin::http {

// A connection's bytes, plain or over TLS. Included by the server's own .cc files only.
//
// Thread: the I/O thread's.
class SessionStream {
 public:
  using Error = boost::beast::error_code;
  using executor_type = boost::beast::tcp_stream::executor_type;

  // `tls`: null for plain bytes.
  SessionStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const TlsSetting> tls)
      : tcp_(std::move(socket)), setting_(std::move(tls)) {
    if (setting_ != nullptr) tls_.emplace(tcp_, *setting_->context);
  }

  boost::beast::tcp_stream& tcp() { return tcp_; }
  executor_type get_executor() { return tcp_.get_executor(); }
  bool is_tls() const { return tls_.has_value(); }

  // Only with TLS: calls done(error). A client whose certificate has none of the names that may
  // come is an error, too.
  template <typename Done>
  void Handshake(Done done) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server,
                          [this, done = std::move(done)](Error error) mutable {
                            if (!error && !MayCome(*setting_, tls_->native_handle())) {
                              error = boost::asio::error::access_denied;
                            }
                            done(error);
                          });
  }
  // Says that no more comes, so that the peer can tell an end from a cut: calls done(error).
  template <typename Done>
  void SayGoodbye(Done done) {
    tls_->async_shutdown(std::move(done));
  }

  // Of AsyncReadStream and AsyncWriteStream.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Error, size_t)>(
        [this](auto handler, const Buffers& into) {
          if (tls_) {
            tls_->async_read_some(into, std::move(handler));
          } else {
            tcp_.async_read_some(into, std::move(handler));
          }
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Error, size_t)>(
        [this](auto handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::move(handler));
          } else {
            tcp_.async_write_some(from, std::move(handler));
          }
        },
        token, buffers);
  }

 private:
  boost::beast::tcp_stream tcp_;
  std::shared_ptr<const TlsSetting> setting_;  // as it was when the connection came
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

}  // namespace tocsin::http
