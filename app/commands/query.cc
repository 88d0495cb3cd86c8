#include "app/commands/query.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/labels.h"

namespace tocsin::app {
namespace {

using nlohmann::json;

std::string MetricText(const json& metric) {
  LabelsBuilder builder;
  for (const auto& [name, value] : metric.items()) builder.Set(name, value.get<std::string>());
  const Labels labels = builder.Build();
  return labels.empty() ? "{}" : labels.ToString();
}

// [time, "value"]
std::string SampleText(const json& sample) {
  return absl::StrFormat("%s @[%.3f]", sample.at(1).get<std::string>(), sample.at(0).get<double>());
}

void PrintValue(const json& answer, std::ostream& out, std::ostream& err) {
  for (const char* kind : {"warnings", "infos"}) {
    if (!answer.contains(kind)) continue;
    for (const json& text : answer.at(kind)) err << kind << ": " << text.get<std::string>() << "\n";
  }
  const json& data = answer.at("data");
  const json& result = data.at("result");
  const std::string type = data.at("resultType");
  if (type != "vector") {
    out << type << ": " << SampleText(result) << "\n";
    return;
  }
  for (const json& row : result) {
    out << MetricText(row.at("metric")) << " => " << SampleText(row.at("value")) << "\n";
  }
  if (result.empty()) err << "no rows\n";
}

}  // namespace

int RunQuery(const QueryOptions& options, http_client::HttpTransport& transport, std::ostream& out,
             std::ostream& err) {
  AdminClient client(transport, options.server);
  AdminClient::Parameters parameters = {{"query", options.expression}};
  if (!options.time.empty()) parameters.emplace_back("time", options.time);
  const auto answer = client.Call("/api/v1/query", parameters);
  if (!answer.ok()) {
    err << "tocsin query: " << answer.status().message() << "\n";
    return 2;
  }
  if (options.json) {
    out << *answer << "\n";
    return 0;
  }
  try {
    PrintValue(json::parse(*answer), out, err);
  } catch (const json::exception& e) {
    err << "tocsin query: " << client.server() << " answers something else: " << e.what() << "\n";
    return 2;
  }
  return 0;
}

}  // namespace tocsin::app
