#include "integrations/scrape/scrape_loop.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::scrape {
namespace {

// More targets at once wait for a connection.
constexpr size_t kConnectionsMax = 1024;
constexpr absl::Duration kRestMax = absl::Seconds(1);
constexpr absl::Duration kOfferInterval = absl::Seconds(1);
// Of a target that is gone, which no next scrape relieves.
constexpr int kAttemptsMax = 60;

// What Prometheus asks for, but for its protobuf.
constexpr char kAccept[] =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

http_client::HttpRequest RequestFor(const TargetConfig& target, const Limits& limits) {
  http_client::HttpRequest request;
  request.url = target.url;
  request.headers = {
      {"Accept", kAccept},
      {"User-Agent", "tocsin"},
      {"X-Prometheus-Scrape-Timeout-Seconds", absl::StrCat(absl::ToDoubleSeconds(target.timeout))}};
  http_client::Authorize(target.credentials, request);
  request.deadline = target.timeout;
  request.ca_file = target.ca_file;
  request.body_bytes_max = limits.scrape_body_bytes_max;
  request.gzip = true;
  request.direct = true;
  return request;
}

ScrapeOutcome OutcomeOf(const absl::Status& error) {
  if (absl::IsDeadlineExceeded(error)) return ScrapeOutcome::kTimeout;
  return absl::IsResourceExhausted(error) ? ScrapeOutcome::kBodyLimit : ScrapeOutcome::kUnreachable;
}

}  // namespace

absl::Duration FirstScrapeIn(const TargetConfig& target, Timestamp now) {
  const int64_t interval_ms = std::max<int64_t>(absl::ToInt64Milliseconds(target.interval), 1);
  const uint64_t hash = Hash64(absl::StrCat(target.labels.canonical(), target.url));
  const auto place_ms = static_cast<int64_t>(hash % static_cast<uint64_t>(interval_ms));
  const int64_t past_ms = ((now.millis() - place_ms) % interval_ms + interval_ms) % interval_ms;
  return absl::Milliseconds((interval_ms - past_ms) % interval_ms);
}

ScrapeLoop::ScrapeLoop(const Parts& parts)
    : parts_(parts),
      report_(std::make_shared<ScrapeReport>(parts.metrics)),
      exchanges_(kConnectionsMax, parts.limits.ingest_decode_bytes_max) {}

void ScrapeLoop::Configure(std::vector<TargetConfig> targets) {
  MutexLock lock(mutex_);
  if (stopping_ || (targets.empty() && !thread_.joinable())) return;
  configured_ = std::move(targets);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  exchanges_.Wake();
}

void ScrapeLoop::Stop() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    thread.swap(thread_);
  }
  exchanges_.Wake();
  if (thread.joinable()) thread.join();
}

void ScrapeLoop::Run() {
  while (Prepare()) {
    OfferAgain();
    StartDue();
    for (const auto& [id, answer, took] : exchanges_.Step(UntilNext())) Finish(id, answer, took);
  }
}

bool ScrapeLoop::Prepare() {
  std::optional<std::vector<TargetConfig>> configs;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    configs.swap(configured_);
  }
  if (configs) TakeConfig(*std::move(configs));
  return true;
}

void ScrapeLoop::TakeConfig(std::vector<TargetConfig> configs) {
  std::map<Labels, uint64_t> gone = std::move(ids_);
  ids_.clear();
  for (TargetConfig& config : configs) {
    const auto known = gone.find(config.labels);
    if (known == gone.end()) {
      Add(std::move(config));
    } else {
      ids_.insert(*known);
      Update(known->second, std::move(config));
      gone.erase(known);
    }
  }
  for (const auto& [labels, id] : gone) {
    const auto found = targets_.find(id);
    Target& target = found->second;
    exchanges_.Cancel(id);
    plan_.erase({target.due, id});
    Offer({.id = id,
           .address = target.target.config().address,
           .batch = target.target.End(parts_.clock.Now()).batch});
    report_->Gone(target.target.config(), target.state);
    parts_.board.Remove(id);
    targets_.erase(found);
  }
}

void ScrapeLoop::Add(TargetConfig config) {
  const uint64_t id = next_id_++;
  ids_[config.labels] = id;
  const absl::Duration due = parts_.clock.Monotonic() + FirstScrapeIn(config, parts_.clock.Now());
  plan_.emplace(due, id);
  parts_.board.Set(id, config);
  targets_.emplace(id,
                   Target{.target = {parts_.limits, parts_.sink, std::move(config)}, .due = due});
}

void ScrapeLoop::Update(uint64_t id, TargetConfig config) {
  Target& target = targets_.at(id);
  if (config == target.target.config()) return;
  plan_.erase({target.due, id});
  target.due = parts_.clock.Monotonic() + FirstScrapeIn(config, parts_.clock.Now());
  plan_.emplace(target.due, id);
  parts_.board.Set(id, config);
  target.target.SetConfig(std::move(config));
}

void ScrapeLoop::StartDue() {
  const absl::Duration now = parts_.clock.Monotonic();
  while (!plan_.empty() && plan_.begin()->first <= now) {
    const uint64_t id = plan_.begin()->second;
    plan_.erase(plan_.begin());
    Target& target = targets_.at(id);
    const absl::Duration interval = target.target.config().interval;
    const int64_t missed = (now - target.due) / interval;
    report_->Missed(static_cast<uint64_t>(missed));
    target.due += interval * (missed + 1);
    plan_.emplace(target.due, id);
    StartOne(id, target);
  }
}

void ScrapeLoop::StartOne(uint64_t id, Target& target) {
  const absl::Duration now = parts_.clock.Monotonic();
  // A timeout as long as the interval ends with it.
  if (target.under_way) {
    exchanges_.Cancel(id);
    Finish(id, absl::DeadlineExceededError("no complete answer in time"), now - target.started);
  }
  target.under_way = true;
  target.start = parts_.clock.Now();
  target.started = now;
  exchanges_.Start(id, RequestFor(target.target.config(), parts_.limits));
}

void ScrapeLoop::Finish(uint64_t id, const absl::StatusOr<http_client::HttpResponse>& answer,
                        absl::Duration took) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return;
  Target& target = found->second;
  target.under_way = false;
  const ScrapeTime time{target.start, took};
  ScrapeSamples samples;
  if (!answer.ok()) {
    samples = target.target.Fail(OutcomeOf(answer.status()), std::string(answer.status().message()),
                                 time);
  } else if (answer->status != 200) {
    samples = target.target.Fail(ScrapeOutcome::kStatus,
                                 absl::StrCat("the answer has the status ", answer->status), time);
  } else {
    samples = target.target.Take(FormatOf(answer->Header("Content-Type")), answer->body, time);
  }
  parts_.board.Scraped(id, time.start, time.took, samples.error);
  report_->Scraped(target.target.config(), samples, answer.ok() ? answer->body.size() : 0,
                   target.state);
  Offer({.id = id,
         .address = target.target.config().address,
         .number = ++target.submitted,
         .batch = std::move(samples.batch)});
}

void ScrapeLoop::Offer(Refused batch) {
  const auto kept = std::make_shared<Refused>(std::move(batch));
  ++kept->attempts;
  SampleBatch copy = kept->batch;
  parts_.sink.SubmitFrom(kept->address, std::move(copy),
                         [kept, report = report_, unsent = unsent_](const absl::Status& status) {
                           if (status.ok()) return report->Durable(kept->batch.size());
                           report->Refused();
                           MutexLock lock(unsent->mutex);
                           unsent->batches.push_back(std::move(*kept));
                         });
}

void ScrapeLoop::OfferAgain() {
  const absl::Duration now = parts_.clock.Monotonic();
  if (now - offered_again_ < kOfferInterval) return;
  offered_again_ = now;
  std::vector<Refused> batches;
  {
    MutexLock lock(unsent_->mutex);
    batches.swap(unsent_->batches);
  }
  for (Refused& refused : batches) {
    const auto found = targets_.find(refused.id);
    const bool newest = found == targets_.end() ? refused.attempts < kAttemptsMax
                                                : refused.number == found->second.submitted;
    if (newest) {
      Offer(std::move(refused));
      continue;
    }
    report_->Dropped(refused.batch.size());
    if (found != targets_.end()) found->second.target.NotTaken(refused.batch);
  }
}

absl::Duration ScrapeLoop::UntilNext() const {
  if (plan_.empty()) return kRestMax;
  return std::clamp(plan_.begin()->first - parts_.clock.Monotonic(), absl::ZeroDuration(),
                    kRestMax);
}

}  // namespace tocsin::scrape
