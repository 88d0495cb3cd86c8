#include "integrations/page/page_json.h"

#include <utility>

#include "integrations/page/page_evidence.h"

namespace tocsin::page {

using Json = nlohmann::json;

Json LabelsJson(const Labels& labels) {
  Json json = Json::object();
  for (const LabelView label : labels) json[std::string(label.name)] = std::string(label.value);
  return json;
}

Json AnnotationsJson(const DesiredPage& page) {
  Json json = Json::object();
  for (const auto& [name, value] : page.annotations()) {
    if (!value.empty()) json[name] = value;
  }
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty() && !json.contains(name)) json[name] = std::move(value);
  };
  add("evidence", EvidenceText(page));
  add("trace_id", NewestTraceId(page));
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tocsin::page
