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

bool KeyLess(const Attributes::value_type& a, const Attributes::value_type& b) {
  return a.first < b.first;
}

void SortByKey(Attributes& attributes) {
  std::stable_sort(attributes.begin(), attributes.end(), KeyLess);
}

absl::Status AddSorted(const Attributes& attributes, TranslationStrategy strategy,
                       LabelsBuilder& builder) {
  for (const auto& [key, value] : attributes) {
    TOCSIN_ASSIGN_OR_RETURN(const std::string name, LabelNameFromOtlp(key, strategy));
    const absl::string_view before = builder.Get(name);
    if (before.empty()) {
      builder.Set(name, value);
    } else {
      builder.Set(name, absl::StrCat(before, ";", value));
    }
  }
  return absl::OkStatus();
}

absl::Status AddAttributes(const Attributes& attributes, TranslationStrategy strategy,
                           LabelsBuilder& builder) {
  if (std::is_sorted(attributes.begin(), attributes.end(), KeyLess)) {
    return AddSorted(attributes, strategy, builder);
  }
  Attributes sorted = attributes;
  SortByKey(sorted);
  return AddSorted(sorted, strategy, builder);
}

void AddIdentity(const ResourceLabels& resource, absl::string_view metric_name,
                 LabelsBuilder& builder) {
  if (!resource.job.empty()) builder.Set("job", resource.job);
  if (!resource.instance.empty()) builder.Set("instance", resource.instance);
  builder.Set(kMetricName, metric_name);
}

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsPromoted(absl::string_view key, const OtlpOptions& options) {
  if (options.promote_all_resource_attributes) {
    return !Contains(options.ignore_resource_attributes, key);
  }
  return Contains(options.promote_resource_attributes, key);
}

absl::StatusOr<Attributes> PromotedOf(const Attributes& attributes, const OtlpOptions& options) {
  Attributes promoted;
  for (const auto& [key, value] : attributes) {
    if (!IsPromoted(key, options)) continue;
    TOCSIN_ASSIGN_OR_RETURN(std::string name, LabelNameFromOtlp(key, options.translation_strategy));
    promoted.emplace_back(std::move(name), value);
  }
  SortByKey(promoted);
  return promoted;
}

absl::Status AddTargetInfo(const Attributes& attributes, const OtlpOptions& options,
                           ResourceLabels& resource) {
  Attributes others;
  bool described = false;
  for (const auto& attribute : attributes) {
    const bool identifying = IsIdentifying(attribute.first);
    described |= !identifying;
    if (identifying && !options.keep_identifying_resource_attributes) continue;
    others.push_back(attribute);
  }
  LabelsBuilder builder;
  TOCSIN_RETURN_IF_ERROR(AddAttributes(others, options.translation_strategy, builder));
  AddIdentity(resource, "target_info", builder);
  const bool joinable = !builder.Get("job").empty() || !builder.Get("instance").empty();
  if (described && joinable) resource.target_info = builder.Build();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResourceLabels> LabelsOfResource(const Attributes& attributes,
                                                const OtlpOptions& options) {
  ResourceLabels resource;
  if (const auto name = Find(attributes, kServiceName)) {
    const auto space = Find(attributes, kServiceNamespace);
    resource.job = space ? absl::StrCat(*space, "/", *name) : std::string(*name);
  }
  if (const auto instance = Find(attributes, kServiceInstance)) {
    resource.instance = std::string(*instance);
  }
  TOCSIN_ASSIGN_OR_RETURN(resource.promoted, PromotedOf(attributes, options));
  TOCSIN_RETURN_IF_ERROR(AddTargetInfo(attributes, options, resource));
  if (!resource.job.empty() || !resource.instance.empty()) {
    LabelsBuilder builder;
    AddIdentity(resource, "tocsin_resource_up", builder);
    resource.up = builder.Build();
  }
  return resource;
}

absl::StatusOr<Attributes> LabelsOfScope(const ScopeMetadata& scope, const OtlpOptions& options) {
  Attributes labels;
  if (scope.name.empty()) return labels;
  labels = {{"otel_scope_name", scope.name},
            {"otel_scope_version", scope.version},
            {"otel_scope_schema_url", scope.schema_url}};
  for (const auto& [key, value] : scope.attributes) {
    TOCSIN_ASSIGN_OR_RETURN(std::string name, LabelNameFromOtlp(absl::StrCat("otel_scope_", key),
                                                                options.translation_strategy));
    labels.emplace_back(std::move(name), value);
  }
  return labels;
}

absl::StatusOr<Labels> LabelsOfSeries(const SeriesIdentity& identity, const Attributes& attributes,
                                      const OtlpOptions& options) {
  LabelsBuilder builder;
  TOCSIN_RETURN_IF_ERROR(AddAttributes(attributes, options.translation_strategy, builder));
  for (const auto& [name, value] : identity.resource.promoted) {
    if (builder.Get(name).empty()) builder.Set(name, value);
  }
  for (const auto& [name, value] : identity.scope) builder.Set(name, value);
  if (!identity.extra_name.empty()) builder.Set(identity.extra_name, identity.extra_value);
  AddIdentity(identity.resource, identity.name, builder);
  return builder.Build();
}

}  // namespace tocsin::ingest
