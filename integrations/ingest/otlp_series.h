#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/otlp_labels.h"
#include "integrations/ingest/otlp_metric.h"
#include "integrations/ingest/otlp_options.h"
#include "integrations/ingest/reject.h"

namespace tocsin::ingest {

// Why a series is not to be had.
using Refusal = std::pair<RejectReason, std::string>;

// A reference, or why the series was refused (then 0).
struct NamedSeries {
  SeriesRef ref = 0;
  Refusal refusal;
};

// Makes the labels of series that nobody knows yet, and asks the sink for their references. Labels
// of a resource and a scope are made when the first such series needs them.
//
// Thread: one request's. Borrows: everything it is given; what Enter*() take must live until the
// next call of the same.
// Errors: InvalidArgument if bytes are no message; what the sink returns besides InvalidArgument
// and ResourceExhausted, which only refuse the series.
class SeriesNamer {
 public:
  SeriesNamer(const Limits& limits, const OtlpOptions& options, engine::SampleSink& sink,
              absl::string_view sender)
      : limits_(limits), options_(options), sink_(sink), sender_(sender) {}

  // Fields of a Resource and of an InstrumentationScope, as they stand on the wire.
  void EnterResource(absl::string_view resource);
  void EnterScope(absl::string_view scope, absl::string_view schema_url);

  // `attributes` holds the point's fields; `bound` is that of a bucket, or the quantile.
  absl::StatusOr<NamedSeries> Name(const OtlpMetric& metric, absl::string_view attributes,
                                   Part part, double bound);
  absl::StatusOr<NamedSeries> Name(const Labels& labels);

  // Of the resource entered; null if its attributes are no labels.
  absl::StatusOr<const ResourceLabels*> Resource();

 private:
  struct MetricName {
    std::string name, unit;  // as sent
    std::optional<PointKind> kind;
    std::string translated;
    std::optional<Refusal> refusal;
  };

  void MakeMetricName(const OtlpMetric& metric);
  absl::Status MakeResourceLabels();
  absl::Status MakeScopeLabels();
  absl::StatusOr<Attributes> Decode(absl::string_view fields, uint32_t field,
                                    absl::string_view whose, std::optional<Refusal>& refusal) const;

  const Limits& limits_;
  const OtlpOptions& options_;
  engine::SampleSink& sink_;
  const absl::string_view sender_;

  absl::string_view resource_bytes_;
  bool resource_made_ = false;
  ResourceLabels resource_;
  std::optional<Refusal> resource_refusal_;  // of all its series

  MetricName metric_name_;  // of the last series

  absl::string_view scope_bytes_, schema_url_;
  bool scope_made_ = false;
  Attributes scope_;
  std::optional<Refusal> scope_refusal_;
};

}  // namespace tocsin::ingest
