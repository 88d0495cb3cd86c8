#include "integrations/datadog/statsd_intake.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace tocsin::datadog {
namespace {

// One for each second in which something came, so a minute of what is aggregated and of the rest.
constexpr size_t kUnsentBatchesMax = 60;

}  // namespace

const std::vector<std::string>& StatsdIntake::DropReasons() {
  static const auto& reasons =
      *new std::vector<std::string>{"contexts_max", "bytes_max",      "samples_per_request_max",
                                    "truncated",    "receive_buffer", "unavailable"};
  return reasons;
}

StatsdIntake::StatsdIntake(const Parts& parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      metric_messages_(parts.metrics.Counter("tocsin_dogstatsd_messages_total",
                                             "Messages of DogStatsD taken.", {{"kind", "metric"}})),
      event_messages_(parts.metrics.Counter("tocsin_dogstatsd_messages_total",
                                            "Messages of DogStatsD taken.", {{"kind", "event"}})),
      check_messages_(parts.metrics.Counter("tocsin_dogstatsd_messages_total",
                                            "Messages of DogStatsD taken.",
                                            {{"kind", "service_check"}})),
      contexts_(parts.metrics.Gauge("tocsin_dogstatsd_contexts",
                                    "Names with their tags in the bucket under way.")),
      metrics_(parts.metrics, "dogstatsd"),
      buckets_(options_.limits) {
  std::vector<std::string> reasons = DropReasons();
  for (const StatsdProblem problem : kStatsdProblems)
    reasons.emplace_back(StatsdProblemName(problem));
  for (const std::string& reason : reasons) {
    dropped_[reason] = &parts.metrics.Counter(
        "tocsin_dogstatsd_dropped_total",
        "Messages (unavailable: batches; truncated and receive_buffer: datagrams) of DogStatsD "
        "that were lost, by reason.",
        {{"reason", reason}});
  }
}

void StatsdIntake::Drop(const std::string& reason, uint64_t count) {
  dropped_.at(reason)->Increment(static_cast<double>(count));
}

void StatsdIntake::Datagram(absl::string_view bytes, Timestamp now) {
  metrics_.AddBytes(bytes.size());
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const absl::string_view line = absl::StripTrailingAsciiWhitespace(bytes.substr(0, end));
    if (!line.empty()) Line(line, now);
    bytes.remove_prefix(end == absl::string_view::npos ? bytes.size() : end + 1);
  }
}

void StatsdIntake::Line(absl::string_view line, Timestamp now) {
  const StatsdProblem problem = message_.Parse(line);
  if (problem != StatsdProblem::kNone) return Drop(StatsdProblemName(problem));
  switch (message_.kind) {
    case StatsdMessage::Kind::kMetric:
      metric_messages_.Increment();
      return TakeMetric(now);
    case StatsdMessage::Kind::kEvent: {
      event_messages_.Increment();
      SentEvent& event = message_.event;
      event.host = HostAndTags(event.host, event.tags);
      std::swap(event.tags, tags_);
      return Note(TakeEvent(event, events_++, Taker(now)));
    }
    case StatsdMessage::Kind::kServiceCheck: {
      check_messages_.Increment();
      SentCheck& check = message_.check;
      check.host = HostAndTags(check.host, check.tags);
      std::swap(check.tags, tags_);
      return Note(TakeCheck(check, Taker(now)));
    }
  }
}

// A tag `host:` names the host, and is none itself; an empty one says that there is none.
absl::string_view StatsdIntake::HostAndTags(absl::string_view host,
                                            const std::vector<absl::string_view>& sent) {
  tags_.assign(options_.tags.begin(), options_.tags.end());
  if (host.empty()) host = options_.host;
  for (absl::string_view tag : sent) {
    if (absl::ConsumePrefix(&tag, "host:")) {
      host = tag;
    } else {
      tags_.push_back(tag);
    }
  }
  return host;
}

void StatsdIntake::TakeMetric(Timestamp now) {
  StatsdMetric& metric = message_.metric;
  const absl::string_view host = HostAndTags("", metric.tags);
  if (!metric.time_s) {
    switch (buckets_.Add(metric, host, tags_, now)) {
      case StatsdBuckets::Added::kTaken:
        return;
      case StatsdBuckets::Added::kContextLimit:
        return Drop("contexts_max");
      case StatsdBuckets::Added::kByteLimit:
        return Drop("bytes_max");
    }
  }
  SentSeries series;
  series.identity.metric = metric.name;
  series.identity.host = host;
  for (const absl::string_view tag : tags_) series.identity.AddTag(tag);
  const bool count = metric.type == StatsdType::kCount;
  if (count) series.interval_s = StatsdAggregate::kBucketSeconds;
  series.type = count ? MetricType::kRate : MetricType::kGauge;
  double sum = 0;
  for (const double value : metric.values) sum += value / metric.sample_rate;
  const double value = count ? sum / StatsdAggregate::kBucketSeconds : metric.values.back();
  series.points.push_back({MillisOfSeconds(*metric.time_s), value, nullptr});
  Note(Taker(now).Take(series));
}

void StatsdIntake::Note(const absl::Status& taken) {
  if (taken.ok()) return;
  Drop(absl::IsResourceExhausted(taken) ? "samples_per_request_max" : "unavailable");
}

SampleTaker& StatsdIntake::Taker(Timestamp now) {
  if (!taker_) taker_.emplace(parts_.limits, parts_.series, parts_.intervals, now, "");
  return *taker_;
}

void StatsdIntake::Tick(Timestamp now) {
  buckets_.Close(now, [&](SentSeries& series) { Note(Taker(now).Take(series)); });
  Submit();
}

void StatsdIntake::Finish(Timestamp now) {
  buckets_.CloseNow([&](SentSeries& series) { Note(Taker(now).Take(series)); });
  Submit();
}

void StatsdIntake::Submit() {
  contexts_.Set(static_cast<double>(buckets_.contexts()));
  std::deque<SampleBatch> batches;
  {
    MutexLock lock(unsent_->mutex);
    batches.swap(unsent_->batches);
  }
  if (taker_) {
    metrics_.AddRejected(taker_->rejected());
    if (!taker_->batch().empty()) batches.push_back(std::move(taker_->batch()));
    taker_.reset();
  }
  for (; batches.size() > kUnsentBatchesMax; batches.pop_front()) Drop("unavailable");
  for (SampleBatch& batch : batches) Offer(std::move(batch));
}

void StatsdIntake::Offer(SampleBatch batch) {
  const auto kept = std::make_shared<SampleBatch>(batch);
  parts_.sink.Submit(std::move(batch), [this, kept, unsent = unsent_](const absl::Status& status) {
    if (status.ok()) {
      metrics_.AddRequest("OK");
      return metrics_.AddSamples(kept->size());
    }
    metrics_.AddRequest("UNAVAILABLE");
    MutexLock lock(unsent->mutex);
    unsent->batches.push_back(std::move(*kept));
  });
}

}  // namespace tocsin::datadog
