#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log_pause.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "integrations/access/digest.h"
#include "integrations/access/scope.h"

namespace tocsin::access {

// Somebody who may do something. Several digests are several tokens: an old one and its successor,
// while it is replaced.
struct Token {
  std::string name;  // tells in logs who it was
  Scopes scopes;
  std::vector<Digest> digests;
  friend bool operator==(const Token&, const Token&) = default;
};

// Who comes to a listener, and with what.
struct Visitor {
  absl::string_view listener;  // "grpc", "http", "admin"
  absl::string_view peer;      // address, for the log
  absl::string_view token;     // as shown; "" if none was
};

// Whether somebody may do something. Without any tokens everybody may everything: then listeners
// are on loopback, or behind mutual TLS, or open because the configuration says so.
//
// Whoever is refused is counted by tocsin_access_refused_total{listener,reason} and logged, at most
// once in ten seconds, without what was shown. Each question takes as long whichever token it is.
//
// Thread: any. Borrows both.
class Access {
 public:
  Access(Metrics& metrics, const Clock& clock);

  // Told of who is refused whenever that is logged, with why and how many were not logged since the
  // last time. Set once, before anybody comes.
  using RefusedListener =
      std::function<void(const Visitor& visitor, const absl::Status& why, uint64_t others)>;
  void SetRefusedListener(RefusedListener listener) { listener_ = std::move(listener); }

  void SetTokens(std::vector<Token> tokens);
  bool has_tokens();

  // The token's name, "" if there are no tokens. Errors: Unauthenticated (none, or not known),
  // PermissionDenied (known, without that scope).
  absl::StatusOr<std::string> Check(const Visitor& visitor, Scope scope);

 private:
  absl::Status Refuse(const Visitor& visitor, const char* reason, absl::Status status);

  Metrics& metrics_;
  const Clock& clock_;
  LogPause log_pause_;
  RefusedListener listener_;  // may be empty

  Mutex mutex_;
  std::shared_ptr<const std::vector<Token>> tokens_ ABSL_GUARDED_BY(mutex_);
};

// What an Authorization header shows as "Bearer TOKEN" (the word in any case); "" for others.
absl::string_view BearerToken(absl::string_view authorization);

}  // namespace tocsin::access
