#pragma once

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "app/receiver_context.h"
#include "integrations/delivery/receiver.h"

// `escalation` and `fallback` of a receiver.
namespace tocsin::app {

// `receiver` has its targets already.
void ReadEscalation(const ReceiverContext& context, const ConfigMap& map,
                    delivery::Receiver& receiver);
// That the receivers they name exist; when all are known. `map` is the same.
void CheckEscalationNames(const ReceiverContext& context, const ConfigMap& map,
                          const std::map<std::string, delivery::Receiver>& receivers);
void PrintEscalation(const delivery::Receiver& receiver, ConfigWriter& writer);

}  // namespace tocsin::app
