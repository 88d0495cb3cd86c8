#include "integrations/ingest/log_counters.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::ingest {
namespace {

// Times of a counter's samples grow by at least 1 ms; many requests in a millisecond may take them
// that far ahead.
constexpr int64_t kAheadMsMax = 1000;

}  // namespace

std::string LogCounters::IdentityOf(const LogCounterRule& rule) {
  std::string identity = rule.name;
  for (const auto& [name, field] : rule.labels) {
    absl::StrAppend(&identity, "\n", name, "=", RecordFieldText(field));
  }
  return identity;
}

Labels LogCounters::LabelsOf(const LogCounterRule& rule, const std::vector<std::string>& values) {
  LabelsBuilder builder;
  for (size_t i = 0; i < rule.labels.size(); ++i) builder.Set(rule.labels[i].first, values[i]);
  builder.Set(kMetricName, rule.name);
  return builder.Build();
}

void LogCounters::SetRules(std::vector<LogCounterRule> rules, Timestamp now) {
  MutexLock lock(mutex_);
  std::map<std::string, Rule> states;
  for (const LogCounterRule& rule : rules) {
    const std::string identity = IdentityOf(rule);
    const auto found = states_.find(identity);
    Rule& state = states[identity];
    if (found != states_.end()) {
      state = std::move(found->second);
      states_.erase(found);
    } else {
      state.loaded_ms = now.millis();
    }
    Counter* counter = nullptr;
    if (rule.labels.empty())
      CounterOf(rule, state, {}, counter).IgnoreError();  // told when it counts
  }
  for (const auto& [identity, state] : states_) {
    for (const auto& [values, counter] : state.counters) ended_.push_back(counter.series);
  }
  states_ = std::move(states);
  by_name_.clear();
  for (size_t i = 0; i < rules.size(); ++i) by_name_[rules[i].name] = i;
  rules_ = std::make_shared<const std::vector<LogCounterRule>>(std::move(rules));
}

LogRules LogCounters::rules() const {
  MutexLock lock(mutex_);
  return rules_;
}

absl::Status LogCounters::CounterOf(const LogCounterRule& rule, Rule& state,
                                    const std::vector<std::string>& values, Counter*& counter) {
  const auto found = state.counters.find(values);
  if (found != state.counters.end()) {
    counter = &found->second;
    return absl::OkStatus();
  }
  if (state.counters.size() >= kSeriesPerRule) {
    return absl::ResourceExhaustedError(
        absl::StrCat(rule.name, " has ", kSeriesPerRule, " counters already"));
  }
  Labels labels = LabelsOf(rule, values);
  TOCSIN_ASSIGN_OR_RETURN(const SeriesRef series, sink_.Resolve(labels));
  counter = &state.counters[values];
  counter->labels = std::move(labels);
  counter->series = series;
  return absl::OkStatus();
}

SampleBatch LogCounters::Count(const LogRules& rules, LogCounts counts, Timestamp now,
                               uint64_t& dropped, std::string& why) {
  SampleBatch batch;
  MutexLock lock(mutex_);
  for (auto& [key, count] : counts) {
    const LogCounterRule& rule = (*rules)[key.first];
    const auto state = states_.find(IdentityOf(rule));
    if (state == states_.end()) continue;  // went with a reload
    Counter* counter = nullptr;
    if (const absl::Status found = CounterOf(rule, state->second, key.second, counter);
        !found.ok()) {
      if (dropped == 0) why = std::string(found.message());
      dropped += count.records;
      continue;
    }
    counter->total += count.records;
    counter->changed = true;
    for (LogMatch& match : count.newest) {
      counter->newest.push_back(std::move(match));
      if (counter->newest.size() > kEvidence) counter->newest.pop_front();
    }
    Write(state->second, *counter, now, batch);
  }
  return batch;
}

void LogCounters::Write(const Rule& rule, Counter& counter, Timestamp now, SampleBatch& batch) {
  const int64_t now_ms = now.millis();
  const bool is_new = counter.written_ms == INT64_MIN;
  if (is_new && counter.total > 0) {
    const int64_t zero_ms = std::max(rule.loaded_ms, now_ms - kWriteIntervalMs);
    if (zero_ms < now_ms) batch.Add(counter.series, zero_ms, 0);
  }
  const int64_t time_ms = is_new ? now_ms : std::max(now_ms, counter.written_ms + 1);
  if (time_ms > now_ms + kAheadMsMax) return;
  batch.Add(counter.series, time_ms, static_cast<double>(counter.total));
  counter.written_ms = time_ms;
  counter.changed = false;
}

SampleBatch LogCounters::Step(Timestamp now) {
  SampleBatch batch;
  MutexLock lock(mutex_);
  for (const SeriesRef series : ended_) batch.Add(series, now.millis(), StaleMarker());
  ended_.clear();
  for (auto& [identity, state] : states_) {
    for (auto& [values, counter] : state.counters) {
      const bool due = counter.changed || now.millis() - counter.written_ms >= kWriteIntervalMs;
      if (due) Write(state, counter, now, batch);
    }
  }
  return batch;
}

const LogCounters::Rule& LogCounters::StateOf(const LogCounterRule& rule) const {
  return states_.find(IdentityOf(rule))->second;
}

std::vector<LogMatch> LogCounters::Newest(const Labels& labels) const {
  MutexLock lock(mutex_);
  const auto found = by_name_.find(labels.metric_name());
  if (found == by_name_.end()) return {};
  const LogCounterRule& rule = (*rules_)[found->second];
  std::vector<std::string> values;
  for (const auto& [name, field] : rule.labels) values.emplace_back(labels.Get(name));
  const auto& counters = StateOf(rule).counters;
  const auto counter = counters.find(values);
  if (counter == counters.end()) return {};
  return {counter->second.newest.rbegin(), counter->second.newest.rend()};
}

std::vector<LogMatch> LogCounters::Find(absl::string_view name,
                                        const std::function<bool(const Labels&)>& wanted,
                                        Timestamp oldest, size_t max, size_t& series_left) const {
  std::vector<const LogMatch*> newest;
  const auto newer = [](const LogMatch* a, const LogMatch* b) { return a->time > b->time; };
  const auto take = [&](const LogMatch& match) {
    if (match.time < oldest) return;
    if (newest.size() == max && !newer(&match, newest.back())) return;
    newest.insert(std::upper_bound(newest.begin(), newest.end(), &match, newer), &match);
    if (newest.size() > max) newest.pop_back();
  };
  MutexLock lock(mutex_);
  size_t begin = 0, end = rules_->size();
  if (!name.empty()) {
    const auto named = by_name_.find(name);
    if (named == by_name_.end()) return {};
    begin = named->second;
    end = begin + 1;
  }
  for (size_t i = begin; i < end; ++i) {
    const LogCounterRule& rule = (*rules_)[i];
    if (!rule.evidence) continue;
    for (const auto& [values, counter] : StateOf(rule).counters) {
      if (series_left == 0) break;
      --series_left;
      if (!wanted(counter.labels)) continue;
      std::for_each(counter.newest.rbegin(), counter.newest.rend(), take);
    }
  }
  std::vector<LogMatch> found;
  for (const LogMatch* match : newest) found.push_back(*match);
  return found;
}

size_t LogCounters::counters() const {
  MutexLock lock(mutex_);
  size_t counters = 0;
  for (const auto& [identity, state] : states_) counters += state.counters.size();
  return counters;
}

}  // namespace tocsin::ingest
