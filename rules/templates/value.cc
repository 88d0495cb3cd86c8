#include "rules/templates/value.h"

namespace tocsin::templates {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

LabelsPtr BorrowLabels(const Labels* labels) {
  if (labels == nullptr) return std::make_shared<const Labels>();
  return LabelsPtr(LabelsPtr(), labels);
}

std::string TypeName(const Value& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return "<nil>"; },
                        [](bool) { return "bool"; },
                        [](int64_t) { return "int"; },
                        [](double) { return "float64"; },
                        [](const std::string&) { return "string"; },
                        [](const LabelsPtr&) { return "map[string]string"; },
                        [](const RowsPtr&) { return "template.queryResult"; },
                        [](const RowPtr&) { return "*template.sample"; },
                        [](const MapPtr&) { return "map[string]interface {}"; },
                        [](GoTime) { return "*time.Time"; },
                        [](GoDuration) { return "time.Duration"; },
                        [](const TemplateData*) { return "template data"; },
                        [](const Evidence*) { return "evidence"; },
                        [](EvidenceItems) { return "list of evidence"; },
                        [](const EvidenceItem*) { return "piece of evidence"; },
                    },
                    value.data);
}

bool IsTrue(const Value& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return false; },
                        [](bool b) { return b; },
                        [](int64_t i) { return i != 0; },
                        [](double d) { return d != 0; },
                        [](const std::string& s) { return !s.empty(); },
                        [](const LabelsPtr& labels) { return !labels->empty(); },
                        [](const RowsPtr& rows) { return !rows->empty(); },
                        [](const RowPtr&) { return true; },
                        [](const MapPtr& map) { return !map->empty(); },
                        [](GoTime) { return true; },
                        [](GoDuration d) { return d.ns != 0; },
                        [](const TemplateData*) { return true; },
                        [](const Evidence* evidence) { return !evidence->empty(); },
                        [](EvidenceItems items) { return !items->empty(); },
                        [](const EvidenceItem*) { return true; },
                    },
                    value.data);
}

}  // namespace tocsin::templates
