#include "app/config_escalation.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/config_receivers.h"
#include "rules/page_check.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;
using delivery::EscalationStep;
using opsgenie::ResponderTemplate;

void ReadUnless(const ReceiverContext& context, const ConfigMap& map, EscalationStep& step) {
  std::string unless;
  if (!map.ReadString("unless", &unless) || unless == "acknowledged") return;
  if (unless == "closed") {
    step.unless = EscalationStep::Unless::kClosed;
  } else {
    context.findings.BadValue(*map.Find("unless"), "unless must be acknowledged or closed");
  }
}

void ReadAdded(const ReceiverContext& context, const ConfigMap& map, EscalationStep& step) {
  map.ForEachItem("add_responders", [&](const YamlNode& item) {
    ResponderTemplate responder = ReadResponder(context, item);
    if (responder.type == "schedule") {
      context.findings.BadValue(item, "a schedule cannot be added to a page that is open",
                                "name the team or an escalation that uses it");
    }
    step.add_responders.push_back(std::move(responder));
  });
}

EscalationStep ReadStep(const ReceiverContext& context, const YamlNode& node,
                        const delivery::Receiver& receiver) {
  ConfigMap map(context.findings, node, "escalation");
  map.CheckKeys({"after", "unless", "priority", "add_responders", "receiver"});
  EscalationStep step;
  if (map.Find("after") == nullptr) {
    context.findings.Error(node, code::kMissingKey, "a step of escalation needs after");
  } else if (map.ReadDuration("after", &step.after) && step.after <= absl::ZeroDuration()) {
    context.findings.BadValue(*map.Find("after"), "after must be above 0");
  }
  const std::vector<EscalationStep>& before = receiver.escalation;
  if (!before.empty() && step.after < before.back().after) {
    context.findings.BadValue(map.Key("after"), "steps of escalation must be in order of after");
  }
  ReadUnless(context, map, step);
  if (map.ReadString("priority", &step.priority)) {
    if (!rules::IsPriority(step.priority)) {
      context.findings.BadValue(*map.Find("priority"), "a priority is one of P1, P2, P3, P4, P5");
    }
  }
  ReadAdded(context, map, step);
  map.ReadString("receiver", &step.receiver);
  const bool at_opsgenie = !step.priority.empty() || !step.add_responders.empty();
  if (!at_opsgenie && step.receiver.empty()) {
    context.findings.Error(node, code::kMissingKey, "this step of escalation does nothing",
                           "give it priority, add_responders or receiver");
  }
  if (at_opsgenie && receiver.opsgenie_configs.empty()) {
    context.findings.BadValue(
        node, "priority and add_responders need opsgenie_configs in the same receiver",
        "use receiver to reach others");
  }
  return step;
}

void CheckName(const ReceiverContext& context, const YamlNode* node, const std::string& own,
               const std::map<std::string, delivery::Receiver>& receivers) {
  if (node == nullptr) return;
  if (node->value == own) {
    return context.findings.BadValue(*node, "a receiver cannot hand its pages to itself");
  }
  if (receivers.count(node->value)) return;
  context.findings.BadValue(*node, absl::StrCat("there is no receiver \"", node->value, "\""));
}

}  // namespace

void ReadEscalation(const ReceiverContext& context, const ConfigMap& map,
                    delivery::Receiver& receiver) {
  map.ForEachItem("escalation", [&](const YamlNode& item) {
    receiver.escalation.push_back(ReadStep(context, item, receiver));
  });
  map.ReadString("fallback", &receiver.fallback);
}

void CheckEscalationNames(const ReceiverContext& context, const ConfigMap& map,
                          const std::map<std::string, delivery::Receiver>& receivers) {
  const YamlNode* name = map.Find("name");
  const std::string own = name == nullptr ? "" : name->value;
  CheckName(context, map.Find("fallback"), own, receivers);
  map.ForEachItem("escalation", [&](const YamlNode& item) {
    ConfigMap step(context.findings, item, "escalation");
    CheckName(context, step.Find("receiver"), own, receivers);
  });
}

void PrintEscalation(const delivery::Receiver& receiver, ConfigWriter& writer) {
  if (!receiver.fallback.empty()) writer.Text("fallback", receiver.fallback);
  if (receiver.escalation.empty()) return;
  writer.Begin("escalation");
  for (const EscalationStep& step : receiver.escalation) {
    writer.Item();
    writer.Line(absl::StrCat("after: ", promql::PrintDuration(step.after)));
    const bool closed = step.unless == EscalationStep::Unless::kClosed;
    writer.Line(absl::StrCat("unless: ", closed ? "closed" : "acknowledged"));
    if (!step.priority.empty()) writer.Line(absl::StrCat("priority: ", step.priority));
    PrintResponders("add_responders", step.add_responders, writer);
    if (!step.receiver.empty()) writer.Text("receiver", step.receiver);
    writer.End();
  }
  writer.End();
}

}  // namespace tocsin::app
