#pragma once

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/sample.h"

namespace tocsin::engine {

// The engine as ingest sees it. Thread: any.
class SampleSink {
 public:
  virtual ~SampleSink() = default;

  // The reference of a series, given at first sight. Callers cache it: references never change.
  // Errors: ResourceExhausted (limits.series_max), InvalidArgument (label limits, see Limits).
  virtual absl::StatusOr<SeriesRef> Resolve(const Labels& labels) = 0;

  // The same for a series that `sender`, the address of a host, brings. ResourceExhausted also if
  // it brought too many new ones (limits.series_per_sender_max); those that are known it may always
  // send. A sink that knows no senders treats all alike.
  virtual absl::StatusOr<SeriesRef> ResolveFrom(absl::string_view /*sender*/,
                                                const Labels& labels) {
    return Resolve(labels);
  }

  // Takes a batch; `done` is called exactly once, from any thread (also before Submit returns): OK
  // when every sample is durable and will be evaluated; Unavailable when nothing was taken and the
  // sender should try again (queue full, disk full, draining).
  using Done = std::function<void(const absl::Status&)>;
  virtual void Submit(SampleBatch batch, Done done) = 0;

  // The same for what `sender` brings, which gets no more than its share of the queue. A sink that
  // knows no senders treats all alike.
  virtual void SubmitFrom(absl::string_view /*sender*/, SampleBatch batch, Done done) {
    Submit(std::move(batch), std::move(done));
  }
};

}  // namespace tocsin::engine
