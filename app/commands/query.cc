#include "app/commands/query.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
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

// {"count": .., "sum": .., "buckets": [[boundaries, lower, upper, count], ..]}
std::string HistogramText(const json& histogram) {
  std::string text = absl::StrCat("{count:", histogram.at("count").get<std::string>(),
                                  ", sum:", histogram.at("sum").get<std::string>());
  for (const json& bucket : histogram.value("buckets", json::array())) {
    const int boundaries = bucket.at(0).get<int>();
    const bool lower_inclusive = boundaries == 1 || boundaries == 3;
    const bool upper_inclusive = boundaries == 0 || boundaries == 3;
    absl::StrAppend(&text, ", ", lower_inclusive ? "[" : "(", bucket.at(1).get<std::string>(), ",",
                    bucket.at(2).get<std::string>(), upper_inclusive ? "]" : ")", ":",
                    bucket.at(3).get<std::string>());
  }
  return text + "}";
}

// [time, "value"] or [time, histogram]
std::string SampleText(const json& sample) {
  const json& value = sample.at(1);
  return absl::StrFormat("%s @[%.3f]",
                         value.is_object() ? HistogramText(value) : value.get<std::string>(),
                         sample.at(0).get<double>());
}

void PrintRow(const json& row, std::ostream& out) {
  out << MetricText(row.at("metric")) << " =>";
  for (const char* one : {"value", "histogram"}) {
    if (row.contains(one)) out << " " << SampleText(row.at(one));
  }
  for (const char* several : {"values", "histograms"}) {
    if (!row.contains(several)) continue;
    for (const json& sample : row.at(several)) out << "\n" << SampleText(sample);
  }
  out << "\n";
}

void PrintValue(const json& answer, std::ostream& out, std::ostream& err) {
  for (const char* kind : {"warnings", "infos"}) {
    if (!answer.contains(kind)) continue;
    for (const json& text : answer.at(kind)) err << kind << ": " << text.get<std::string>() << "\n";
  }
  const json& data = answer.at("data");
  const json& result = data.at("result");
  const std::string type = data.at("resultType");
  if (type != "vector" && type != "matrix") {
    out << type << ": " << SampleText(result) << "\n";
    return;
  }
  for (const json& row : result) PrintRow(row, out);
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
