#include "tests/opsgenie_sim/sim_json.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tocsin::sim {

namespace {

// By type and id only, however they were named.
Json RespondersJson(const Json& responders) {
  Json list = Json::array();
  for (const Json& party : responders) {
    list.push_back({{"type", party.value("type", "")}, {"id", party.value("id", "")}});
  }
  return list;
}

}  // namespace

Json AlertJson(const SimAlert& alert, bool full) {
  Json json = {
      {"id", alert.id},
      {"tinyId", absl::StrCat(alert.tiny_id)},
      {"alias", alert.alias},
      {"message", alert.message},
      {"status", alert.open ? "open" : "closed"},
      {"acknowledged", alert.acknowledged},
      {"isSeen", alert.acknowledged},
      {"tags", alert.tags},
      {"snoozed", alert.snoozed_until_ms != 0},
      {"count", alert.count},
      {"lastOccurredAt", FormatTimestamp(alert.last_occurred_at)},
      {"createdAt", FormatTimestamp(alert.created_at)},
      {"updatedAt", FormatTimestamp(alert.updated_at)},
      {"source", alert.source},
      {"owner", alert.owner},
      {"ownerTeamId", alert.owner_team},
      {"priority", alert.priority},
      {"responders", RespondersJson(alert.responders)},
      {"integration",
       {{"id", "c3a4a1b5-8a1f-4a3e-9d5d-1f0f5a0c9e11"}, {"name", "API"}, {"type", "API"}}}};
  if (alert.snoozed_until_ms != 0) {
    json["snoozedUntil"] = FormatTimestamp(Timestamp::FromMillis(alert.snoozed_until_ms));
  }
  const auto since_creation = [&](Timestamp at) {
    return absl::ToInt64Milliseconds(at - alert.created_at);
  };
  if (!alert.acknowledged_by.empty()) {
    json["report"]["ackTime"] = since_creation(alert.acknowledged_at);
    json["report"]["acknowledgedBy"] = alert.acknowledged_by;
  }
  if (!alert.open) {
    json["report"]["closeTime"] = since_creation(alert.closed_at);
    json["report"]["closedBy"] = alert.closed_by;
  }
  if (full) {
    json["actions"] = alert.actions;
    json["entity"] = alert.entity;
    json["description"] = alert.description;
    json["details"] = alert.details;
  }
  return json;
}

Json WebhookJson(const SimWebhook& webhook) {
  return {{"at_ms", webhook.due.millis()},
          {"action", webhook.action},
          {"repeat", webhook.repeat},
          {"body", webhook.body}};
}

Json JournalJson(const JournalEntry& entry) {
  return {{"number", entry.number}, {"at_ms", entry.at.millis()}, {"method", entry.method},
          {"target", entry.target}, {"status", entry.status},     {"verdict", entry.verdict},
          {"body", entry.body}};
}

Json Refusal(const FieldErrors& errors) {
  return {{"message", "Request body is not processable. Please check the errors."},
          {"errors", errors}};
}

Json Throttled() {
  return {{"message",
           "You are making too many requests! To avoid errors, we recommend you limit requests."}};
}

std::vector<http_client::HttpHeader> RateHeaders(const char* state, int period_seconds) {
  return {{"X-RateLimit-State", state},
          {"X-RateLimit-Reason", "ACCOUNT"},
          {"X-RateLimit-Period-In-Sec", absl::StrCat(period_seconds)}};
}

std::vector<http_client::HttpHeader> ThrottleHeaders(int period_seconds) {
  return RateHeaders("THROTTLED", period_seconds);
}

absl::StatusOr<StatusFault> StatusFaultFromText(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  StatusFault fault;
  const bool good = (parts.size() == 3 || parts.size() == 4) && !parts[0].empty() &&
                    absl::SimpleAtoi(parts[2], &fault.status) && fault.status >= 100 &&
                    fault.status < 600 &&
                    (parts.size() < 4 || absl::SimpleAtod(parts[3], &fault.probability));
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("not METHOD:PATH:STATUS[:PROBABILITY]: \"", text, "\""));
  }
  fault.method = parts[0];
  fault.path_part = parts[1];
  return fault;
}

absl::StatusOr<FaultPlan> FaultsFromJson(const Json& json) {
  FaultPlan plan;
  const std::map<std::string, double*> numbers = {{"drop_before", &plan.drop_before},
                                                  {"drop_after", &plan.drop_after},
                                                  {"error_500", &plan.error_500},
                                                  {"error_503", &plan.error_503},
                                                  {"throttle", &plan.throttle},
                                                  {"discard", &plan.discard},
                                                  {"fail_create", &plan.fail_create},
                                                  {"slow", &plan.slow},
                                                  {"late", &plan.late},
                                                  {"webhook_repeat", &plan.webhook_repeat},
                                                  {"webhook_loss", &plan.webhook_loss},
                                                  {"webhook_reorder", &plan.webhook_reorder}};
  const std::map<std::string, bool*> switches = {{"outage", &plan.outage},
                                                 {"key_rotated", &plan.key_rotated}};
  if (!json.is_object()) return absl::InvalidArgumentError("faults must be an object");
  for (const auto& [name, value] : json.items()) {
    const double number = value.is_number() ? value.get<double>() : value == true ? 1 : 0;
    if (const auto it = numbers.find(name); it != numbers.end()) {
      *it->second = number;
    } else if (const auto flag = switches.find(name); flag != switches.end()) {
      *flag->second = number != 0;
    } else if (name == "statuses" && value.is_array()) {
      for (const Json& item : value) {
        auto fault = StatusFaultFromText(item.is_string() ? item.get<std::string>() : "");
        if (!fault.ok()) return fault.status();
        plan.statuses.push_back(*std::move(fault));
      }
    } else if (name == "slow_ms") {
      plan.slow_delay = absl::Milliseconds(number);
    } else if (name == "late_ms") {
      plan.late_delay = absl::Milliseconds(number);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown fault \"", name, "\""));
    }
  }
  return plan;
}

absl::StatusOr<FaultPlan> FaultsFromFlag(const std::string& text) {
  Json json = Json::object();
  for (const auto part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    double number = 1;
    if (!pair.second.empty() && !absl::SimpleAtod(pair.second, &number)) {
      return absl::InvalidArgumentError(absl::StrCat("not a number: ", pair.second));
    }
    json[pair.first] = number;
  }
  return FaultsFromJson(json);
}

}  // namespace tocsin::sim
