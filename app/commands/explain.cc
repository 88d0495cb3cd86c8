#include "app/commands/explain.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "app/text_table.h"
#include "base/labels.h"

namespace tocsin::app {
namespace {

using json = nlohmann::ordered_json;

std::string Text(const json& object, const char* key) {
  return Printable(object.at(key).get<std::string>());
}

std::string LabelsText(const json& labels) {
  LabelsBuilder builder;
  for (const auto& [name, value] : labels.items()) builder.Set(name, value.get<std::string>());
  const Labels built = builder.Build();
  return built.empty() ? "{}" : Printable(built.ToString());
}

// "condition_met" as one says it.
std::string Words(std::string word) {
  for (char& c : word) {
    if (c == '_') c = ' ';
  }
  return word;
}

// Of a list of which only the first are shown.
void PrintRest(size_t shown, size_t total, const char* what, std::ostream& out) {
  if (total > shown) out << "    ... and " << total - shown << " more " << what << "\n";
}

void PrintRule(const json& rule, std::ostream& out) {
  out << Text(rule, "name") << " (" << Text(rule, "kind") << ")\n";
  const std::string expression = Text(rule, "expression");
  if (expression.empty()) {
    out << "  It is not in the rules any more; what follows is what was kept of it.\n";
    return;
  }
  out << "  " << (rule.at("kind") == "composite monitor" ? "Holds while: " : "Query: ")
      << expression << "\n";
  for (const auto& [name, value] : rule.at("settings").items()) {
    out << "  " << name << ": " << Printable(value.get<std::string>()) << "\n";
  }
}

void PrintNotes(const json& series, std::ostream& out) {
  const auto notes = series.find("notes");
  if (notes == series.end()) return;
  for (const json& note : *notes) {
    out << "      " << Text(note, "at") << "  " << Text(note, "text");
    if (note.contains("traceId")) out << "  trace " << Text(note, "traceId");
    out << "\n";
  }
}

void PrintInput(const json& input, std::ostream& out) {
  out << "  It looked at " << Text(input, "selector") << ":\n";
  if (input.contains("error")) {
    out << "    which cannot be read: " << Text(input, "error") << "\n";
    return;
  }
  const json& series = input.at("series");
  if (series.empty()) out << "    no series has samples there\n";
  for (const json& one : series) {
    out << "    " << LabelsText(one.at("labels")) << "  newest " << Text(one, "newest") << " of "
        << Text(one, "newestAt") << ", " << one.at("samples").get<size_t>() << " samples\n";
    PrintNotes(one, out);
  }
  PrintRest(series.size(), input.at("seriesTotal").get<size_t>(), "series", out);
}

void PrintRows(const json& rule, std::ostream& out) {
  if (rule.contains("error")) {
    out << "  The query fails: " << Text(rule, "error") << "\n";
    return;
  }
  const bool composite = rule.at("kind") == "composite monitor";
  if (rule.at("expression") == "") return;
  const json& rows = rule.at("rows");
  if (rows.empty()) {
    out << (composite ? "  All its members were ok.\n" : "  The query gave no rows.\n");
    return;
  }
  out << (composite ? "  Its members, where they were not ok:\n" : "  The query gave:\n");
  for (const json& row : rows) {
    out << "    " << (row.contains("member") ? Text(row, "member") + " " : std::string())
        << LabelsText(row.at("labels")) << "  " << Words(Text(row, "value"))
        << (row.contains("band") ? ", " + Text(row, "band") : std::string()) << "\n";
  }
  PrintRest(rows.size(), rule.at("rowsTotal").get<size_t>(), "rows", out);
}

void PrintTransition(const json& transition, const std::string& revision, std::ostream& out) {
  out << "    " << Text(transition, "at") << "  " << Text(transition, "transition") << " to "
      << Words(Text(transition, "state")) << ": " << Words(Text(transition, "reason")) << "; value "
      << Text(transition, "value");
  const std::string condition = Text(transition, "condition");
  if (!condition.empty()) out << ", condition " << condition;
  if (!transition.at("newestSample").is_null()) {
    out << ", newest sample of " << Text(transition, "newestSample");
  }
  const std::string made_by = Text(transition, "ruleRevision");
  if (made_by != revision) out << " (by the earlier rules " << made_by.substr(0, 8) << ")";
  out << "\n";
}

// A question about the page, and an answer that says it all, need no words.
std::string ActionText(const json& delivery) {
  const std::string action = Text(delivery, "action");
  if (action != "poll" && action != "lookup") return action.empty() ? "" : Words(action) + ", ";
  return delivery.at("error") == "" ? "" : "asking what became of it, ";
}

// What people did there.
void PrintDoing(const json& delivery, std::ostream& out) {
  out << "    " << Text(delivery, "firstAt") << "  " << Text(delivery, "receiver") << ": "
      << Text(delivery, "action") << " by " << Text(delivery, "by");
  const std::string note = Text(delivery, "note");
  if (!note.empty()) out << ": " << note;
  out << "\n";
}

void PrintDelivery(const json& delivery, std::ostream& out) {
  if (!Text(delivery, "by").empty()) return PrintDoing(delivery, out);
  const auto attempts = delivery.at("attempts").get<uint64_t>();
  out << "    " << Text(delivery, "firstAt") << "  " << Text(delivery, "receiver") << ": "
      << ActionText(delivery) << Words(Text(delivery, "outcome"));
  if (attempts > 1) out << " (" << attempts << " times until " << Text(delivery, "lastAt") << ")";
  const std::string error = Text(delivery, "error");
  if (!error.empty()) out << "; " << error;
  out << "\n";
}

void PrintAlert(const json& alert, const std::string& revision, std::ostream& out) {
  out << "\n  Alert " << LabelsText(alert.at("labels")) << " is " << Words(Text(alert, "state"))
      << "\n  How it came to that:\n";
  for (const json& transition : alert.at("transitions")) {
    PrintTransition(transition, revision, out);
  }
  const std::string alias = Text(alert, "alias");
  if (alias.empty()) {
    out << "  No page was owed for it.\n";
    return;
  }
  const json& deliveries = alert.at("deliveries");
  out << "  Its page " << alias
      << (deliveries.empty() ? ": no attempt to deliver it is known" : ":") << "\n";
  for (const json& delivery : deliveries) PrintDelivery(delivery, out);
}

void PrintExplanation(const json& data, std::ostream& out) {
  out << "As of " << Text(data, "time") << ", by the rules " << Text(data, "revision").substr(0, 8)
      << "\n";
  for (const json& rule : data.at("rules")) {
    out << "\n";
    PrintRule(rule, out);
    for (const json& input : rule.at("inputs")) PrintInput(input, out);
    PrintRows(rule, out);
    const json& alerts = rule.at("alerts");
    if (alerts.empty()) out << "\n  No alert of it has changed its state until then.\n";
    for (const json& alert : alerts) PrintAlert(alert, Text(data, "revision"), out);
    PrintRest(alerts.size(), rule.at("alertsTotal").get<size_t>(), "alerts", out);
  }
}

// A rule of that name if there is one, else a page.
absl::StatusOr<std::string> Ask(AdminClient& client, const ExplainOptions& options) {
  absl::StatusOr<std::string> answer;
  for (const char* kind : {"rule", "alias"}) {
    AdminClient::Parameters parameters = {{kind, options.subject}};
    if (!options.time.empty()) parameters.emplace_back("time", options.time);
    answer = client.Call("/api/tocsin/v1/explain", parameters);
    if (!absl::IsNotFound(answer.status())) break;
  }
  return answer;
}

}  // namespace

int RunExplain(const ExplainOptions& options, http_client::HttpTransport& transport,
               std::ostream& out, std::ostream& err) {
  AdminClient client(transport, options.server);
  const auto answer = Ask(client, options);
  if (absl::IsNotFound(answer.status())) {
    err << "tocsin explain: no rule and no page is known as \"" << options.subject << "\"\n";
    return 1;
  }
  if (!answer.ok()) {
    err << "tocsin explain: " << answer.status().message() << "\n";
    return 2;
  }
  if (options.json) {
    out << *answer << "\n";
    return 0;
  }
  try {
    PrintExplanation(json::parse(*answer).at("data"), out);
  } catch (const json::exception& e) {
    err << "tocsin explain: " << client.server() << " answers something else: " << e.what() << "\n";
    return 2;
  }
  return 0;
}

}  // namespace tocsin::app
