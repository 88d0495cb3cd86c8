#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/mutex.h"

namespace tocsin::v1 {
class PushRequest;
class PushResponse;
}  // namespace tocsin::v1

namespace tocsin::ingest {

struct PushClientOptions {
  std::string target = "127.0.0.1:4317";
  size_t in_flight_max = 16;  // requests sent and not yet answered; then Push() waits
  absl::Duration connect_timeout = absl::Seconds(10);
};

// What the server has said about the requests so far.
struct PushClientTotals {
  uint64_t acknowledged_samples = 0;  // durable
  uint64_t rejected_samples = 0;      // refused for good
  uint64_t retried_requests = 0;      // sent again because of overload
  std::string last_reason;            // of the last rejection
};

// The sender's end of the native stream: each series is declared once, then only numbers travel;
// several requests are under way at once. A request the server is too busy for is sent again after
// the time it asks for.
//
// Thread: one at a time, which it may block; a thread of its own reads the answers.
// Errors: Unavailable when the stream broke; Open() then connects again, declares everything anew
// and sends what was not answered, however often it takes. Whether the samples of the Push() that
// failed are among it is not said: push them again (samples may arrive twice, which is harmless:
// same series, time and value).
class PushClient {
 public:
  // Columns of equal length; references come from Declare().
  struct Samples {
    std::span<const uint32_t> references;
    std::span<const int64_t> times_ms;
    std::span<const double> values;
  };

  explicit PushClient(PushClientOptions options);
  ~PushClient();  // does not wait for answers

  absl::Status Open();
  // The number of a series; sent to the server with the next Push().
  uint32_t Declare(const Labels& labels);
  absl::Status Push(const Samples& samples);
  // Waits until everything is answered.
  absl::Status Flush();

  PushClientTotals totals() const;

 private:
  struct Stream;
  struct Request {
    uint64_t sequence = 0;
    size_t samples = 0;
    std::shared_ptr<const v1::PushRequest> message;
  };

  Request MakeRequest(const Samples& samples);
  absl::Status Send(const std::vector<Request>& requests);
  absl::Status Resend();
  absl::Status WaitUntilAtMost(size_t in_flight);
  // Ends the stream and says how it ended. What was not answered stays in in_flight_.
  absl::Status Close();
  void ReadAnswers();
  void TakeAnswer(const v1::PushResponse& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Touched by the caller's thread only.
  const PushClientOptions options_;
  std::vector<Labels> series_;  // by reference
  absl::flat_hash_map<Labels, uint32_t> references_;
  size_t declared_ = 0;  // how many of series_ the server knows
  uint64_t next_sequence_ = 1;
  std::unique_ptr<Stream> stream_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Request> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> to_resend_ ABSL_GUARDED_BY(mutex_);
  absl::Duration resend_after_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = true;  // no answer will come any more
  PushClientTotals totals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
