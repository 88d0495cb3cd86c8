#include "integrations/ingest/otlp_series.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/number_text.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr uint32_t kResourceAttributes = 1;  // field numbers
constexpr uint32_t kScopeAttributes = 3;

// More attributes than labels may be fine: empty ones are no labels, and some are joined.
AttributeLimits AttributeLimitsOf(const Limits& limits) {
  constexpr uint64_t kAttributesMax = 1024;
  return {.count_max = std::max(kAttributesMax, limits.labels_per_series_max),
          .text_bytes_max = limits.label_value_bytes_max};
}

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed ExportMetricsServiceRequest");
}

NamedSeries Refused(RejectReason reason, absl::string_view detail) {
  return {0, {reason, std::string(detail)}};
}

const char* SuffixOf(Part part) {
  switch (part) {
    case Part::kBucket:
      return "_bucket";
    case Part::kSum:
      return "_sum";
    case Part::kCount:
      return "_count";
    default:
      return "";
  }
}

const char* ExtraLabelOf(Part part) {
  switch (part) {
    case Part::kBucket:
      return "le";
    case Part::kQuantile:
      return "quantile";
    default:
      return "";
  }
}

bool ReadScope(absl::string_view message, ScopeMetadata& scope) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        scope.name = std::string(fields.Bytes());
        break;
      case Tag(2, WireType::kBytes):
        scope.version = std::string(fields.Bytes());
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

}  // namespace

void SeriesNamer::EnterResource(absl::string_view resource) {
  resource_bytes_ = resource;
  resource_made_ = false;
}

void SeriesNamer::EnterScope(absl::string_view scope, absl::string_view schema_url) {
  scope_bytes_ = scope;
  schema_url_ = schema_url;
  scope_made_ = false;
}

absl::StatusOr<NamedSeries> SeriesNamer::Name(const OtlpMetric& metric,
                                              absl::string_view attribute_fields, Part part,
                                              double bound) {
  TOCSIN_RETURN_IF_ERROR(MakeResourceLabels());
  TOCSIN_RETURN_IF_ERROR(MakeScopeLabels());
  for (const std::optional<Refusal>* refusal : {&resource_refusal_, &scope_refusal_}) {
    if (*refusal) return NamedSeries{0, **refusal};
  }
  MakeMetricName(metric);
  if (metric_name_.refusal) return NamedSeries{0, *metric_name_.refusal};
  const std::string name = absl::StrCat(metric_name_.translated, SuffixOf(part));

  std::optional<Refusal> refusal;
  TOCSIN_ASSIGN_OR_RETURN(
      const Attributes attributes,
      Decode(attribute_fields, metric.attributes_field(), metric.name, refusal));
  if (refusal) return NamedSeries{0, *refusal};
  const char* extra = ExtraLabelOf(part);
  const std::string extra_value = *extra == 0 ? "" : PlainNumber(bound);
  const auto labels = LabelsOfSeries({.resource = resource_,
                                      .scope = scope_,
                                      .name = name,
                                      .extra_name = extra,
                                      .extra_value = extra_value},
                                     attributes, options_);
  if (!labels.ok()) return Refused(RejectReason::kInvalidLabel, labels.status().message());
  return Name(*labels);
}

// Most metrics have many points, one after the other.
void SeriesNamer::MakeMetricName(const OtlpMetric& metric) {
  MetricName& made = metric_name_;
  if (made.name == metric.name && made.unit == metric.unit && made.kind == metric.kind) return;
  made = {.name = std::string(metric.name), .unit = std::string(metric.unit), .kind = metric.kind};
  if (!IsUtf8(metric.name) || !IsUtf8(metric.unit)) {
    made.refusal = {RejectReason::kInvalidUtf8, "metric name or unit"};
    return;
  }
  absl::StatusOr<std::string> translated =
      MetricNameFromOtlp(metric.name, metric.unit, metric.kind, options_.translation_strategy);
  if (translated.ok()) {
    made.translated = *std::move(translated);
  } else {
    made.refusal = {RejectReason::kInvalidName, std::string(translated.status().message())};
  }
}

absl::StatusOr<NamedSeries> SeriesNamer::Name(const Labels& labels) {
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender_, labels);
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    return Refused(ReasonOfResolve(ref.status()), ref.status().message());
  }
  TOCSIN_RETURN_IF_ERROR(ref.status());
  return NamedSeries{*ref, {}};
}

absl::StatusOr<const ResourceLabels*> SeriesNamer::Resource() {
  TOCSIN_RETURN_IF_ERROR(MakeResourceLabels());
  return resource_refusal_ ? nullptr : &resource_;
}

absl::StatusOr<Attributes> SeriesNamer::Decode(absl::string_view fields, uint32_t field,
                                               absl::string_view whose,
                                               std::optional<Refusal>& refusal) const {
  Attributes attributes;
  switch (DecodeAttributes(fields, field, AttributeLimitsOf(limits_), attributes)) {
    case AttributeError::kMalformed:
      return Malformed();
    case AttributeError::kInvalidUtf8:
      refusal = {RejectReason::kInvalidUtf8, absl::StrCat("attributes of ", whose)};
      break;
    case AttributeError::kTooDeep:
      refusal = {RejectReason::kInvalidLabel,
                 absl::StrCat("attributes of ", whose, " are nested too deeply")};
      break;
    case AttributeError::kTooMany:
      refusal = {RejectReason::kLabelLimit, absl::StrCat("too many attributes of ", whose)};
      break;
    case AttributeError::kNone:
      break;
  }
  return attributes;
}

absl::Status SeriesNamer::MakeResourceLabels() {
  if (resource_made_) return absl::OkStatus();
  resource_made_ = true;
  resource_ = {};
  resource_refusal_.reset();
  TOCSIN_ASSIGN_OR_RETURN(const Attributes attributes, Decode(resource_bytes_, kResourceAttributes,
                                                              "the resource", resource_refusal_));
  if (resource_refusal_) return absl::OkStatus();
  absl::StatusOr<ResourceLabels> labels = LabelsOfResource(attributes, options_);
  if (labels.ok()) {
    resource_ = *std::move(labels);
  } else {
    resource_refusal_ = {RejectReason::kInvalidLabel, std::string(labels.status().message())};
  }
  return absl::OkStatus();
}

absl::Status SeriesNamer::MakeScopeLabels() {
  if (scope_made_) return absl::OkStatus();
  scope_made_ = true;
  scope_.clear();
  scope_refusal_.reset();
  if (!options_.promote_scope_metadata) return absl::OkStatus();
  ScopeMetadata scope{.schema_url = std::string(schema_url_)};
  if (!ReadScope(scope_bytes_, scope)) return Malformed();
  if (!IsUtf8(scope.name) || !IsUtf8(scope.version) || !IsUtf8(scope.schema_url)) {
    scope_refusal_ = {RejectReason::kInvalidUtf8, "name, version or schema URL of the scope"};
    return absl::OkStatus();
  }
  TOCSIN_ASSIGN_OR_RETURN(scope.attributes,
                          Decode(scope_bytes_, kScopeAttributes, "the scope", scope_refusal_));
  if (scope_refusal_) return absl::OkStatus();
  absl::StatusOr<Attributes> labels = LabelsOfScope(scope, options_);
  if (labels.ok()) {
    scope_ = *std::move(labels);
  } else {
    scope_refusal_ = {RejectReason::kInvalidLabel, std::string(labels.status().message())};
  }
  return absl::OkStatus();
}

}  // namespace tocsin::ingest
