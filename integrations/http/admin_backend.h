#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "integrations/http/explanation.h"

namespace tocsin::http {

struct ReadyStatus {
  bool ready = false;
  std::vector<std::string> reasons;  // why not, for people: "restoring 12 of 40 series"
};

using AnnotationList = std::vector<std::pair<std::string, std::string>>;

struct AlertStatus {
  Labels labels;
  AnnotationList annotations;
  std::string state;  // "pending", "firing"; Prometheus knows no others
  std::optional<Timestamp> active_at;
  std::optional<Timestamp> keep_firing_since;
  double value = 0;
  std::string reason;  // ours: why it is in this state ("no_data"); may be empty
};

struct RuleStatus {
  bool alerting = true;  // else recording: no state, durations, annotations or alerts
  std::string name;
  std::string query;
  absl::Duration duration;  // `for`
  absl::Duration keep_firing_for;
  std::vector<std::pair<std::string, std::string>> labels;  // as configured
  AnnotationList annotations;                               // as configured
  std::string state = "inactive";  // "inactive", "pending", "firing": the worst of its alerts
  std::vector<AlertStatus> alerts;
  std::string health = "unknown";  // "ok", "err", "unknown" (not evaluated yet)
  std::string last_error;
  absl::Duration evaluation_time;  // how long the last evaluation took
  std::optional<Timestamp> last_evaluation;
};

// A Prometheus group; native monitors are one group named "monitors".
struct RuleGroupStatus {
  std::string name;
  std::string file;
  absl::Duration interval;
  size_t limit = 0;
  std::vector<RuleStatus> rules;
  absl::Duration evaluation_time;
  std::optional<Timestamp> last_evaluation;
};

// A target of a scrape.
struct TargetStatus {
  std::string job;      // the job's name
  std::string address;  // as configured
  std::string url;
  Labels labels;
  std::string interval;  // as Prometheus writes durations
  std::string timeout;
  std::optional<Timestamp> last_scrape;  // nullopt: none yet
  absl::Duration took;
  std::string last_error;  // "": the last scrape went well
};

// The samples of one series.
struct QuerySeries {
  Labels labels;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<HistogramPtr> histograms;  // null where the sample is a float; empty: all are floats
};

// The result of an instant query.
struct QueryValue {
  enum class Type { kScalar, kVector, kString, kMatrix };
  Type type = Type::kVector;
  std::vector<std::pair<Labels, double>> vector;
  // Of the vector's rows, null where the row is a float; empty: all are floats.
  std::vector<HistogramPtr> histograms;
  std::vector<QuerySeries> matrix;
  double scalar = 0;
  std::string string;
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

struct BackupStatus {
  std::string path;    // absolute, on the server
  uint64_t bytes = 0;  // of its files
};

// True once the time given to a call is over. Cheap; to be asked again and again.
using Expired = std::function<bool()>;

// The service as the admin port sees it. Implemented by the server over the engine, and by tests.
//
// Thread: any; several calls at once. Calls must return in bounded time, Ready() at once: it
// answers who watches the service.
class AdminBackend {
 public:
  virtual ~AdminBackend() = default;

  virtual ReadyStatus Ready() = 0;

  // All or nothing: on an error the old rules and configuration stay in force.
  virtual absl::Status Reload() = 0;

  virtual std::vector<RuleGroupStatus> Rules() = 0;
  // Pending and firing alerts of all rules.
  virtual std::vector<AlertStatus> Alerts() = 0;
  virtual std::vector<TargetStatus> Targets() = 0;

  // Evaluates an expression at `time`. Errors, as the caller sees them:
  //   InvalidArgument     the text is wrong (400 bad_data)
  //   FailedPrecondition, ResourceExhausted, Unimplemented   it cannot be evaluated (422 execution)
  //   DeadlineExceeded    `expired` before the end (503 timeout)
  //   Unavailable         not now (503 unavailable)
  virtual absl::StatusOr<QueryValue> Query(absl::string_view text, Timestamp time,
                                           const Expired& expired) = 0;

  // Errors, as the caller sees them: NotFound (404), DeadlineExceeded, Unavailable (503).
  virtual absl::StatusOr<Explanation> Explain(const ExplainRequest& request,
                                              const Expired& expired) = 0;

  // What a person says of the page of an anomaly monitor: "false", "expected", "new-normal",
  // "undo". Returns the monitor's name. Errors: InvalidArgument (400), NotFound (404),
  // FailedPrecondition (409), Unavailable (503).
  virtual absl::StatusOr<std::string> Feedback(const std::string& alias,
                                               const std::string& feedback) = 0;

  // Makes a backup of the data directory below itself; takes as long as that takes. Errors:
  //   InvalidArgument     the name (400 bad_data)
  //   AlreadyExists       it is taken (409 conflict)
  //   Unavailable         not now (503 unavailable)
  virtual absl::StatusOr<BackupStatus> Backup(const std::string& name) = 0;
};

}  // namespace tocsin::http
