#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/sample_sink.h"
#include "integrations/http/http_client_multi.h"
#include "integrations/scrape/config.h"
#include "integrations/scrape/scrape_report.h"
#include "integrations/scrape/scrape_target.h"
#include "integrations/scrape/target_board.h"

namespace tocsin::scrape {

// Until the first scrape of a target: a place of its own in the interval, by a hash of its labels
// and URL, so that targets are spread over it and each keeps its place over restarts.
absl::Duration FirstScrapeIn(const TargetConfig& target, Timestamp now);

// Scrapes targets, each at its interval, on one thread: all requests are under way at once
// (http_client_multi.h), bodies are read one after the other.
//
// Samples that the engine does not take are offered again each second, until the target's next
// scrape has something newer; then they are counted as dropped, but for the ends of series, which
// come with that one.
//
// Thread: any for Configure(), one for Stop(). Borrows all parts. Metrics: see ScrapeReport; how it
// goes with each target is on the board.
class ScrapeLoop {
 public:
  struct Parts {
    const Limits& limits;
    engine::SampleSink& sink;
    const Clock& clock;
    Metrics& metrics;
    TargetBoard& board;
  };

  explicit ScrapeLoop(const Parts& parts);
  ~ScrapeLoop() { Stop(); }

  // These are the targets from now on, no two with the same labels. A target whose labels stay goes
  // on as it was; the series of one that is gone end.
  void Configure(std::vector<TargetConfig> targets);
  // Requests under way are cut off. As with Prometheus, no series ends for that.
  void Stop();

 private:
  struct Target {
    ScrapeTarget target;
    TargetState state;
    absl::Duration due;  // monotonic; of the next scrape
    bool under_way = false;
    Timestamp start;         // of the scrape under way
    absl::Duration started;  // .. monotonic
    uint64_t submitted = 0;  // batches
  };
  // Batches that the engine did not take; shared with calls back that outlive the loop.
  struct Refused {
    uint64_t id = 0;
    std::string address;
    uint64_t number = 0;  // Target::submitted then
    int attempts = 0;
    SampleBatch batch;
  };
  struct Unsent {
    Mutex mutex;
    std::vector<Refused> batches ABSL_GUARDED_BY(mutex);
  };
  using Targets = std::map<uint64_t, Target>;

  void Run();
  bool Prepare();  // false: it is over
  void TakeConfig(std::vector<TargetConfig> configs);
  void Add(TargetConfig config);
  void Update(uint64_t id, TargetConfig config);
  void StartDue();
  void StartOne(uint64_t id, Target& target);
  void Finish(uint64_t id, const absl::StatusOr<http_client::HttpResponse>& answer,
              absl::Duration took);
  void Offer(Refused batch);
  void OfferAgain();
  absl::Duration UntilNext() const;

  // Constant after construction.
  const Parts parts_;
  const std::shared_ptr<ScrapeReport> report_;
  const std::shared_ptr<Unsent> unsent_ = std::make_shared<Unsent>();

  // The thread's own; Wake() is for any.
  http_client::CurlMulti exchanges_;
  uint64_t next_id_ = 1;
  Targets targets_;
  std::map<Labels, uint64_t> ids_;                      // by labels
  std::set<std::pair<absl::Duration, uint64_t>> plan_;  // when due, which target
  absl::Duration offered_again_;

  Mutex mutex_;
  std::optional<std::vector<TargetConfig>> configured_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::scrape
