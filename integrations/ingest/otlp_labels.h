#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "integrations/ingest/otlp_attributes.h"
#include "integrations/ingest/otlp_options.h"

namespace tocsin::ingest {

// What a resource adds to each of its series, and the series that describes it.
struct ResourceLabels {
  std::string job;       // service.namespace/service.name; "" if there is no service.name
  std::string instance;  // service.instance.id
  Attributes promoted;   // labels of all its series, unless an attribute of a point is one
  // target_info{job, instance, every other attribute}: only if there are other attributes, and a
  // job or an instance to join them by.
  std::optional<Labels> target_info;
  // tocsin_resource_up{job, instance}: only if there is a job or an instance.
  std::optional<Labels> up;
};

// InvalidArgument if an attribute leaves no label name.
absl::StatusOr<ResourceLabels> LabelsOfResource(const Attributes& attributes,
                                                const OtlpOptions& options = {});

// What a scope adds to its series if its metadata are promoted: otel_scope_name, _version,
// _schema_url and its attributes. InvalidArgument as above.
struct ScopeMetadata {
  std::string name, version, schema_url;
  Attributes attributes;
};
absl::StatusOr<Attributes> LabelsOfScope(const ScopeMetadata& scope, const OtlpOptions& options);

// What makes up the labels of a series besides its attributes.
struct SeriesIdentity {
  const ResourceLabels& resource;
  const Attributes& scope;  // of LabelsOfScope()
  absl::string_view name;   // of the series
  // `le` or `quantile` and its value; "": none.
  absl::string_view extra_name;
  absl::string_view extra_value;
};

// The labels of one series as Prometheus' OTLP receiver makes them: attributes by translated name,
// values of attributes that end up under one name joined by ';' in the order of their keys;
// promoted attributes where there is no such label yet; then what wins over attributes: the
// scope's, job, instance, the extra label and the name. InvalidArgument if an attribute leaves no
// label name.
absl::StatusOr<Labels> LabelsOfSeries(const SeriesIdentity& identity, const Attributes& attributes,
                                      const OtlpOptions& options = {});

}  // namespace tocsin::ingest
