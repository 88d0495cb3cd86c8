#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config_reader.h"
#include "app/receiver_context.h"
#include "integrations/delivery/receiver.h"

// `receivers` of the configuration. What is wrong is reported at its place.
namespace tocsin::app {

void ReadReceivers(const ReceiverContext& context, const ConfigMap& top,
                   std::map<std::string, delivery::Receiver>& receivers);

// One entry of a receiver's list of that kind; an entry of Alertmanagers gives one for each URL.
opsgenie::OpsgenieConfig ReadOpsgenie(const ReceiverContext& context, const YamlNode& node);
opsgenie::ResponderTemplate ReadResponder(const ReceiverContext& context, const YamlNode& node);
webhook::WebhookConfig ReadWebhook(const ReceiverContext& context, const YamlNode& node);
std::vector<alertmanager::AlertmanagerConfig> ReadAlertmanager(const ReceiverContext& context,
                                                               const YamlNode& node);
pagerduty::PagerdutyConfig ReadPagerduty(const ReceiverContext& context, const YamlNode& node);

// `http_config`: authorization or basic_auth.
http_client::Credentials ReadCredentials(const ReceiverContext& context, const ConfigMap& map);
// `authorization` or `basic_auth` themselves, if there is one.
http_client::Credentials ReadAuthorization(const ReceiverContext& context, const ConfigMap& map);

}  // namespace tocsin::app
