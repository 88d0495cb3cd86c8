#pragma once

#include <utility>

#include <grpcpp/server_context.h>

#include "absl/status/status.h"
#include "integrations/access/access.h"
#include "integrations/access/tls_files.h"

namespace tocsin::ingest {

// Who may call a service of the gRPC port: those with a token that has the scope, shown as metadata
// "authorization: Bearer TOKEN", and, with mutual TLS and a list of names, a certificate with one
// of them. Asked before a message is read.
//
// Thread: any. Borrows `access`, unless null: then everybody may.
class CallGuard {
 public:
  CallGuard(access::Access* access, access::TlsFiles tls) : access_(access), tls_(std::move(tls)) {}

  // Unauthenticated or PermissionDenied.
  absl::Status Allow(const grpc::ServerContextBase& context) const;

 private:
  access::Access* const access_;
  const access::TlsFiles tls_;
};

}  // namespace tocsin::ingest
