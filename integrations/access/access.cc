#include "integrations/access/access.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace tocsin::access {
namespace {

constexpr const char* kListeners[] = {"grpc", "http", "admin"};
constexpr const char* kNone = "no_token";
constexpr const char* kUnknown = "unknown_token";
constexpr const char* kScope = "scope";

// Looks at all of them, so that time does not tell which came close.
const Token* FindToken(const std::vector<Token>& tokens, const Digest& shown) {
  const Token* found = nullptr;
  for (const Token& token : tokens) {
    for (const Digest& digest : token.digests) {
      if (SameDigest(digest, shown)) found = &token;
    }
  }
  return found;
}

prometheus::Counter& RefusedCounter(Metrics& metrics, absl::string_view listener,
                                    const char* reason) {
  return metrics.Counter("tocsin_access_refused_total",
                         "Requests of those who may not, by listener and what was wrong.",
                         {{"listener", std::string(listener)}, {"reason", reason}});
}

}  // namespace

Access::Access(Metrics& metrics, const Clock& clock)
    : metrics_(metrics), clock_(clock), tokens_(std::make_shared<const std::vector<Token>>()) {
  for (const char* listener : kListeners) {
    for (const char* reason : {kNone, kUnknown, kScope}) RefusedCounter(metrics, listener, reason);
  }
}

void Access::SetTokens(std::vector<Token> tokens) {
  auto set = std::make_shared<const std::vector<Token>>(std::move(tokens));
  MutexLock lock(mutex_);
  tokens_ = std::move(set);
}

bool Access::has_tokens() {
  MutexLock lock(mutex_);
  return !tokens_->empty();
}

absl::StatusOr<std::string> Access::Check(const Visitor& visitor, Scope scope) {
  std::shared_ptr<const std::vector<Token>> tokens;
  {
    MutexLock lock(mutex_);
    tokens = tokens_;
  }
  if (tokens->empty()) return std::string();
  if (visitor.token.empty()) {
    return Refuse(visitor, kNone,
                  absl::UnauthenticatedError("a token is needed: Authorization: Bearer TOKEN"));
  }
  const Token* token = FindToken(*tokens, DigestOf(visitor.token));
  if (token == nullptr) {
    return Refuse(visitor, kUnknown, absl::UnauthenticatedError("the token is not known"));
  }
  if (!token->scopes.Has(scope)) {
    return Refuse(
        visitor, kScope,
        absl::PermissionDeniedError(absl::StrCat("the token \"", token->name,
                                                 "\" does not have the scope ", ScopeName(scope))));
  }
  return token->name;
}

absl::Status Access::Refuse(const Visitor& visitor, const char* reason, absl::Status status) {
  RefusedCounter(metrics_, visitor.listener, reason).Increment();
  const std::optional<uint64_t> left_out = log_pause_.Take(clock_.Monotonic());
  if (!left_out) return status;
  Log(LogLevel::kWarning, "access refused",
      {{"listener", visitor.listener},
       {"peer", visitor.peer},
       {"why", std::string(status.message())},
       {"others_not_logged", *left_out}});
  if (listener_) listener_(visitor, status, *left_out);
  return status;
}

absl::string_view BearerToken(absl::string_view authorization) {
  constexpr absl::string_view kBearer = "Bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kBearer)) return {};
  return absl::StripAsciiWhitespace(authorization.substr(kBearer.size()));
}

}  // namespace tocsin::access
