#include "integrations/http/explain_route.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "integrations/http/admin_reply.h"
#include "integrations/http/form.h"
#include "integrations/http/prometheus_json.h"

namespace tocsin::http {
namespace {

template <typename T, typename Fn>
Json List(const std::vector<T>& items, Fn&& to_json) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

Json OptionalTime(const std::optional<Timestamp>& time) {
  return time ? Json(FormatTimestamp(*time)) : Json(nullptr);
}

Json NoteToJson(const ExplainedNote& note) {
  Json json = {{"at", FormatTimestamp(note.at)}, {"text", note.text}};
  if (!note.trace_id.empty()) json["traceId"] = note.trace_id;
  return json;
}

Json SeriesToJson(const ExplainedSeries& series) {
  Json json = {{"labels", ToJson(series.labels)},
               {"samples", series.samples},
               {"newestAt", FormatTimestamp(series.newest_at)},
               {"newest", series.newest}};
  if (!series.notes.empty()) json["notes"] = List(series.notes, NoteToJson);
  return json;
}

Json InputToJson(const ExplainedInput& input) {
  Json json = {{"selector", input.selector},
               {"seriesTotal", input.series_total},
               {"series", List(input.series, SeriesToJson)}};
  if (!input.error.empty()) json["error"] = input.error;
  return json;
}

Json RowToJson(const ExplainedRow& row) {
  Json json;
  if (!row.name.empty()) json["member"] = row.name;
  if (!row.band.empty()) json["band"] = row.band;
  json["labels"] = ToJson(row.labels);
  json["value"] = row.value;
  return json;
}

Json TransitionToJson(const ExplainedTransition& transition) {
  return {{"at", FormatTimestamp(transition.at)},
          {"transition", transition.transition},
          {"reason", transition.reason},
          {"state", transition.state},
          {"value", FormatSampleValue(transition.value)},
          {"condition", transition.condition},
          {"activeAt", OptionalTime(transition.active_at)},
          {"newestSample", OptionalTime(transition.newest_sample)},
          {"ruleRevision", transition.rule_revision}};
}

Json DeliveryToJson(const ExplainedDelivery& delivery) {
  return {{"firstAt", FormatTimestamp(delivery.first_at)},
          {"lastAt", FormatTimestamp(delivery.last_at)},
          {"attempts", delivery.attempts},
          {"receiver", delivery.receiver},
          {"target", delivery.target},
          {"action", delivery.action},
          {"outcome", delivery.outcome},
          {"error", delivery.error},
          {"by", delivery.by},
          {"note", delivery.note}};
}

Json AlertToJson(const ExplainedAlert& alert) {
  return {{"labels", ToJson(alert.labels)},
          {"alias", alert.alias},
          {"state", alert.state},
          {"transitions", List(alert.transitions, TransitionToJson)},
          {"deliveries", List(alert.deliveries, DeliveryToJson)}};
}

Json RuleToJson(const ExplainedRule& rule) {
  Json settings = Json::object();
  for (const auto& [name, value] : rule.settings) settings[name] = value;
  Json json = {{"id", rule.id},
               {"name", rule.name},
               {"kind", rule.kind},
               {"expression", rule.expression},
               {"settings", std::move(settings)},
               {"windowSeconds", absl::ToDoubleSeconds(rule.window)},
               {"inputs", List(rule.inputs, InputToJson)},
               {"rows", List(rule.rows, RowToJson)},
               {"rowsTotal", rule.rows_total},
               {"alerts", List(rule.alerts, AlertToJson)},
               {"alertsTotal", rule.alerts_total}};
  if (!rule.error.empty()) json["error"] = rule.error;
  return json;
}

}  // namespace

HttpReply Explain(AdminBackend& backend, const HttpRequest& request, Timestamp now,
                  const Expired& expired) {
  if (request.method != "GET" && request.method != "HEAD") return MethodNotAllowed("GET");
  Form form;
  if (!form.Add(request.query)) {
    return ErrorReply(400, "bad_data", "the parameters are not properly encoded");
  }
  ExplainRequest wanted{form.Get("alias"), form.Get("rule"), now};
  if (wanted.alias.empty() == wanted.rule.empty()) {
    return ErrorReply(400, "bad_data", "expected one of the parameters alias and rule");
  }
  if (form.Has("time")) {
    const std::optional<Timestamp> time = ParseTime(form.Get("time"));
    if (!time) {
      return ErrorReply(400, "bad_data",
                        absl::StrCat("invalid parameter \"time\": cannot parse \"",
                                     form.Get("time"), "\" to a valid timestamp"));
    }
    wanted.time = *time;
  }
  const auto explanation = backend.Explain(wanted, expired);
  if (!explanation.ok()) return StatusReply(explanation.status());
  return JsonReply(200, SuccessBody({{"time", FormatTimestamp(explanation->time)},
                                     {"revision", explanation->revision},
                                     {"rules", List(explanation->rules, RuleToJson)}}));
}

}  // namespace tocsin::http
