#pragma once

#include "base/secret.h"
#include "integrations/http/credentials.h"

namespace tocsin::webhook {

// One entry of `webhook_configs` in tocsin.yaml.
struct WebhookConfig {
  Secret url;  // whole: many services put a key into it
  http_client::Credentials credentials;
  bool send_resolved = true;
  // A host that is a literal loopback address is always allowed.
  bool allow_private_addresses = false;
  bool allow_http = false;  // unencrypted to another host
};

}  // namespace tocsin::webhook
