#include "integrations/ingest/call_guard.h"

#include <string>
#include <vector>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include "absl/strings/string_view.h"

namespace tocsin::ingest {
namespace {

absl::string_view View(grpc::string_ref text) {
  return {text.data(), text.size()};
}

std::vector<std::string> SansOf(const grpc::ServerContextBase& context) {
  std::vector<std::string> sans;
  for (const grpc::string_ref& san :
       context.auth_context()->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    sans.emplace_back(View(san));
  }
  return sans;
}

}  // namespace

absl::Status CallGuard::Allow(const grpc::ServerContextBase& context) const {
  if (!tls_.client_allowed_sans.empty() && !access::IsAllowed(tls_, SansOf(context))) {
    return absl::PermissionDeniedError("the certificate has none of the names that may come");
  }
  if (access_ == nullptr) return absl::OkStatus();
  absl::string_view token;
  if (const auto it = context.client_metadata().find("authorization");
      it != context.client_metadata().end()) {
    token = access::BearerToken(View(it->second));
  }
  return access_->Check({"grpc", context.peer(), token}, access::Scope::kIngest).status();
}

}  // namespace tocsin::ingest
