// Any body that is posted to us as a webhook:
//   - it is read the same each time, or refused with a short text
//   - what is read says what happened and to which alert, within its limits
//   - an action that has a name of ours is never taken for another; what is not known is `other`
//   - ids it gives us make requests whose URL holds nothing but what a URL may
//   - no body is the shared secret unless it is

#include <string>

#include "absl/strings/ascii.h"
#include "base/check.h"
#include "base/secret.h"
#include "integrations/opsgenie/request.h"
#include "integrations/opsgenie/webhook.h"
#include "tests/fuzz/input.h"

namespace tocsin::opsgenie {
namespace {

constexpr size_t kErrorBytesMax = 200;
constexpr size_t kActionNameBytesMax = 4 * 100;

void CheckUrl(const http_client::HttpRequest& request) {
  for (const char c : request.url) {
    const bool allowed = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                         absl::string_view("-._~%/:?=").find(c) != absl::string_view::npos;
    TOCSIN_CHECK(allowed) << request.url;
  }
}

void CheckEvent(const WebhookEvent& event) {
  TOCSIN_CHECK(!event.action_name.empty());
  TOCSIN_CHECK(event.action_name.size() <= kActionNameBytesMax) << event.action_name.size();
  TOCSIN_CHECK(!event.alert_id.empty() || !event.alias.empty());
  TOCSIN_CHECK(WebhookActionName(event.action)[0] != '\0');
  TOCSIN_CHECK((event.action_name == "Close") == (event.action == WebhookAction::kClose));
  for (const auto& time : {event.created_at, event.updated_at, event.snoozed_until}) {
    TOCSIN_CHECK(!time || *time != Timestamp::Max());
  }
  OpsgenieConfig config;
  config.api_key = Secret("key");
  CheckUrl(GetAlert(config, {AlertRef::Type::kId, event.alert_id}));
  CheckUrl(GetAlert(config, {AlertRef::Type::kAlias, event.alias}));
}

void CheckBody(absl::string_view body) {
  const auto event = ParseWebhook(body);
  const auto again = ParseWebhook(body);
  TOCSIN_CHECK(event.ok() == again.ok());
  if (event.ok()) {
    CheckEvent(*event);
    TOCSIN_CHECK(event->action == again->action && event->alias == again->alias &&
                 event->note == again->note && event->updated_at == again->updated_at &&
                 IsOurs(*event) == IsOurs(*again));
  } else {
    TOCSIN_CHECK(event.status().message().size() <= kErrorBytesMax);
  }
  TOCSIN_CHECK(!SecretMatches(body, Secret()));
  TOCSIN_CHECK(SecretMatches(body, Secret("s3cret")) == (body == "s3cret"));
}

}  // namespace
}  // namespace tocsin::opsgenie

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::opsgenie::CheckBody(tocsin::fuzz::Text(data, size));
  return 0;
}
