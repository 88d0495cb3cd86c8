#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "integrations/ingest/otlp_attributes.h"

namespace tocsin::ingest {

// What a resource adds to each of its series, and the series that describes it.
struct ResourceLabels {
  std::string job;       // service.namespace/service.name; "" if there is no service.name
  std::string instance;  // service.instance.id
  // target_info{job, instance, every other attribute}: only if there are other attributes, and a
  // job or an instance to join them by.
  std::optional<Labels> target_info;
};

// InvalidArgument if an attribute leaves no label name.
absl::StatusOr<ResourceLabels> LabelsOfResource(const Attributes& attributes);

// The labels of one series as Prometheus' OTLP receiver makes them: attributes by translated name,
// values of attributes that end up under one name joined by ';' in the order of their keys, then
// job, instance and the metric's (translated) name, which win over attributes. InvalidArgument if
// an attribute leaves no label name.
absl::StatusOr<Labels> LabelsOfSeries(absl::string_view metric_name, const Attributes& attributes,
                                      const ResourceLabels& resource);

}  // namespace tocsin::ingest
