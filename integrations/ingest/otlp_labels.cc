#include "integrations/ingest/otlp_labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_names.h"

namespace tocsin::ingest {
namespace {

constexpr char kServiceName[] = "service.name";
constexpr char kServiceNamespace[] = "service.namespace";
constexpr char kServiceInstance[] = "service.instance.id";

// The first attribute of that key counts, as in pdata.
std::optional<absl::string_view> Find(const Attributes& attributes, absl::string_view key) {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return std::nullopt;
}

bool IsIdentifying(absl::string_view key) {
  return key == kServiceName || key == kServiceNamespace || key == kServiceInstance;
}

absl::Status AddAttributes(Attributes attributes, LabelsBuilder& builder) {
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [key, value] : attributes) {
    TOCSIN_ASSIGN_OR_RETURN(const std::string name, LabelNameFromOtlp(key));
    const std::string before(builder.Get(name));
    builder.Set(name, before.empty() ? value : absl::StrCat(before, ";", value));
  }
  return absl::OkStatus();
}

void AddIdentity(const ResourceLabels& resource, absl::string_view metric_name,
                 LabelsBuilder& builder) {
  if (!resource.job.empty()) builder.Set("job", resource.job);
  if (!resource.instance.empty()) builder.Set("instance", resource.instance);
  builder.Set(kMetricName, metric_name);
}

}  // namespace

absl::StatusOr<ResourceLabels> LabelsOfResource(const Attributes& attributes) {
  ResourceLabels resource;
  if (const auto name = Find(attributes, kServiceName)) {
    const auto space = Find(attributes, kServiceNamespace);
    resource.job = space ? absl::StrCat(*space, "/", *name) : std::string(*name);
  }
  if (const auto instance = Find(attributes, kServiceInstance)) {
    resource.instance = std::string(*instance);
  }
  Attributes others;
  for (const auto& attribute : attributes) {
    if (!IsIdentifying(attribute.first)) others.push_back(attribute);
  }
  LabelsBuilder builder;
  TOCSIN_RETURN_IF_ERROR(AddAttributes(others, builder));
  AddIdentity(resource, "target_info", builder);
  const bool joinable = !builder.Get("job").empty() || !builder.Get("instance").empty();
  if (!others.empty() && joinable) resource.target_info = builder.Build();
  return resource;
}

absl::StatusOr<Labels> LabelsOfSeries(absl::string_view metric_name, const Attributes& attributes,
                                      const ResourceLabels& resource) {
  LabelsBuilder builder;
  TOCSIN_RETURN_IF_ERROR(AddAttributes(attributes, builder));
  AddIdentity(resource, metric_name, builder);
  return builder.Build();
}

}  // namespace tocsin::ingest
