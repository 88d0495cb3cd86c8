// Random expressions over random data, on the engine and on its naive twin: same rows, same values,
// same errors.
//
// All queries of a seed share one engine, whose windows and mappings they advance together, while
// samples come late, series come and go, times jump and queries are removed. TOCSIN_TWIN_SEEDS=N
// runs more seeds, TOCSIN_TWIN_SEED=S only that one;
// TOCSIN_TWIN_QUERY=EXPR compares that expression instead of random ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/histogram/text.h"
#include "base/random.h"
#include "engine/query/query_engine.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"
#include "tests/promqltest/pin.h"
#include "tests/promqltest/subject.h"
#include "tests/support/naive/naive.h"
#include "tests/twin/random_expr.h"
#include "tests/twin/random_feed.h"

namespace tocsin::twin {
namespace {

// Small, so that time() and timestamp() leave digits to whatever is computed from them.
constexpr int64_t kStartMs = 3'600'000;
constexpr int64_t kLengthMs = 30 * 60'000;

bool Close(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)) + 1e-9;
}

bool Close(const std::vector<HistogramBucket>& a, const std::vector<HistogramBucket>& b) {
  // Where rounding decides whether a bucket is empty, it may be listed on one side only.
  std::map<int32_t, std::pair<double, double>> counts;
  for (const HistogramBucket& bucket : a) counts[bucket.index].first = bucket.count;
  for (const HistogramBucket& bucket : b) counts[bucket.index].second = bucket.count;
  return std::all_of(counts.begin(), counts.end(), [](const auto& entry) {
    return Close(entry.second.first, entry.second.second);
  });
}

// Apart from marks of counter resets: the twin sees each sample with its predecessor, the engine
// may have cut that off.
bool Close(const NativeHistogram& a, const NativeHistogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         a.custom_bounds == b.custom_bounds && Close(a.count, b.count) && Close(a.sum, b.sum) &&
         Close(a.zero_count, b.zero_count) && Close(a.positive, b.positive) &&
         Close(a.negative, b.negative);
}

struct RowValue {
  double value = 0;
  HistogramPtr histogram;
};

bool Close(const RowValue& a, const RowValue& b) {
  if (!a.histogram || !b.histogram) return a.histogram == b.histogram && Close(a.value, b.value);
  return Close(*a.histogram, *b.histogram);
}

using Rows = std::map<Labels, RowValue>;

// Rows of a result; a scalar is a row without labels.
Rows RowsOf(const naive::Value& value) {
  Rows rows;
  if (value.type == promql::ValueType::kScalar) rows[Labels()] = {value.scalar, nullptr};
  for (const naive::Element& element : value.vector) {
    rows[element.labels] = {element.value, element.histogram};
  }
  return rows;
}

std::string Show(const absl::StatusOr<Rows>& rows) {
  if (!rows.ok()) return absl::StrCat("error: ", rows.status().message());
  std::string text;
  for (const auto& [labels, value] : *rows) {
    absl::StrAppend(
        &text, "\n    ", labels.ToString(), " ",
        value.histogram ? HistogramNotation(*value.histogram) : absl::StrCat(value.value));
  }
  return text.empty() ? "nothing" : text;
}

// An expression with several faults may name either of them: that there is an error must agree.
bool Same(const absl::StatusOr<Rows>& a, const absl::StatusOr<Rows>& b) {
  if (!a.ok() || !b.ok()) return a.status().code() == b.status().code();
  if (a->size() != b->size()) return false;
  for (auto left = a->begin(), right = b->begin(); left != a->end(); ++left, ++right) {
    if (!(left->first == right->first) || !Close(left->second, right->second)) return false;
  }
  return true;
}

// Extrapolation and prediction move with the evaluation time itself, continuously; NextChange()
// tells when samples come into or leave a window.
bool MovesWithTime(const promql::Expr& root) {
  static const std::set<std::string> names = {"rate", "increase", "delta", "predict_linear"};
  bool moves = false;
  promqltest::Visit(const_cast<promql::Expr&>(root), [&](promql::Expr& expr) {
    moves = moves || (expr.kind == promql::ExprKind::kCall &&
                      names.count(promql::As<promql::CallExpr>(expr).function->name) > 0);
    return true;
  });
  return moves;
}

struct Query {
  std::string text;
  promql::ExprPtr expr;
  engine::QueryId id = 0;
};

// Of all seeds: what was really compared.
struct Totals {
  int queries = 0;
  int refused = 0;
  int64_t compared = 0;
  int64_t given_up = 0;  // series
  int64_t restarts = 0;
  int64_t rows = 0;
  int64_t histograms = 0;  // among the rows
  int64_t errors = 0;
};

class World {
 public:
  World(uint64_t seed, Totals* totals)
      : random_(seed),
        churn_random_(seed + 1'000'000),
        restart_random_(seed + 2'000'000),
        totals_(*totals),
        options_(MakeOptions()),
        arrivals_(MakeFeed()) {
    MakeEngine();
  }

  void Run() {
    const bool ahead = random_.Next() % 2 == 0;  // queries before the first series, or behind some
    if (!ahead) FeedUntil(kStartMs + 60'000);
    for (int i = 0; i < 12; ++i) AddQuery();
    int64_t t = kStartMs + (ahead ? -10'000 : 60'000);
    while (t < kStartMs + kLengthMs + 7 * 60'000 && !::testing::Test::HasFailure()) {
      FeedUntil(t);
      CompareAll(t);
      if (!trims_ && random_.Next() % 8 == 0) CompareAll(t - Below(15 * 60'000));
      if (!trims_ && random_.Next() % 8 == 0) CompareAll(t + Below(3 * 60'000));
      if (trims_) totals_.given_up += engine_->Trim(Timestamp::FromMillis(t)).size();
      // A query added later may ask for what was cut off already.
      if (!trims_ && random_.Next() % 6 == 0) ReplaceQuery();
      if (restart_random_.Next() % 16 == 0) Restart(t);
      t = NextTime(t);
    }
  }

 private:
  engine::QueryOptions MakeOptions() {
    engine::QueryOptions options;
    options.delayed_name_removal = random_.Next() % 2 == 0;
    if (random_.Next() % 4 == 0) options.lookback = absl::Seconds(50);
    trims_ = random_.Next() % 2 == 0;
    options.dead_series_min = 1 + static_cast<size_t>(churn_random_.Next() % 8);
    return options;
  }

  std::vector<Arrival> MakeFeed() {
    std::vector<Arrival> feed = RandomFeed(random_, kStartMs, kLengthMs);
    if (churn_random_.Next() % 3 == 0) return feed;
    return Merged(feed, ShortLivedFeed(churn_random_, kStartMs, kLengthMs));
  }

  int64_t Below(int64_t n) {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(n));
  }

  // The next evaluation: regular, at random, or just where a sample leaves a window or the
  // lookback.
  int64_t NextTime(int64_t t) {
    if (random_.Next() % 3 == 0) return t + 15'000;
    if (fed_ > 0 && random_.Next() % 2 == 0) {
      const int64_t spans[] = {
          0,       10'000,  45'000,  60'000,
          120'000, 300'000, 600'000, absl::ToInt64Milliseconds(options_.lookback)};
      const Arrival& sample =
          arrivals_[fed_ - 1 -
                    static_cast<size_t>(Below(static_cast<int64_t>(std::min<size_t>(fed_, 400))))];
      const int64_t edge = sample.time_ms + spans[Below(8)] + Below(3) - 1;
      if (edge > t && edge < t + 100'000) return edge;
    }
    return t + Below(random_.Next() % 2 == 0 ? 20'000 : 200'000) + 1;
  }

  void MakeEngine() {
    engine_.reset();
    table_ = std::make_unique<engine::SeriesTable>();
    engine_ = std::make_unique<engine::QueryEngine>(*table_, options_);
  }

  engine::AppendResult Put(const Arrival& arrival) {
    const bool known = table_->Find(arrival.labels).has_value();
    const auto slot = table_->FindOrAdd(arrival.labels);
    if (!known) engine_->SeriesAdded(slot);
    return arrival.histogram ? table_->Append(slot, arrival.time_ms, arrival.histogram)
                             : table_->Append(slot, arrival.time_ms, arrival.value);
  }

  void FeedUntil(int64_t t) {
    for (; fed_ < arrivals_.size() && arrivals_[fed_].arrival_ms <= t; ++fed_) {
      const Arrival& arrival = arrivals_[fed_];
      // What was cut off is not needed by any later evaluation, by contract.
      const bool taken = Put(arrival) != engine::AppendResult::kTooOld;
      taken_.push_back(taken);
      if (!taken) continue;
      arrival.histogram ? storage_.Add(arrival.labels, arrival.time_ms, arrival.histogram)
                        : storage_.Add(arrival.labels, arrival.time_ms, arrival.value);
    }
  }

  // The process dies and comes back: of what it had taken, it reads again what its queries need
  // from now on. A world that asks for the past needs all.
  void Restart(int64_t t) {
    const absl::Duration reach = engine_->MaxReach();
    MakeEngine();
    for (Query& query : queries_) query.id = *engine_->Add(*query.expr);
    const bool all = !trims_ || reach == absl::InfiniteDuration();
    constexpr int64_t kSlackMs = 10 * 60'000;  // samples come dated ahead
    const int64_t since = all ? INT64_MIN : t - absl::ToInt64Milliseconds(reach) - kSlackMs;
    for (size_t i = 0; i < fed_; ++i) {
      if (taken_[i] && arrivals_[i].arrival_ms >= since) Put(arrivals_[i]);
    }
    ++totals_.restarts;
  }

  void AddQuery() {
    RandomExpr generator(random_);
    while (true) {
      Query query;
      const char* only = std::getenv("TOCSIN_TWIN_QUERY");
      query.text = only != nullptr ? only : generator.Vector(3);
      promql::ParseResult parsed = promql::ParseExpr(query.text, {.experimental = true});
      ASSERT_FALSE(parsed.error.has_value())
          << query.text << ": " << promql::FormatParseError(query.text, *parsed.error);
      query.expr = std::move(parsed.expr);
      ++totals_.queries;
      const auto id = engine_->Add(*query.expr);
      if (id.ok()) {
        query.id = *id;
        queries_.push_back(std::move(query));
        return;
      }
      ASSERT_TRUE(absl::IsUnimplemented(id.status())) << query.text << ": " << id.status();
      ++totals_.refused;
    }
  }

  void ReplaceQuery() {
    const auto victim = queries_.begin() + Below(static_cast<int64_t>(queries_.size()));
    engine_->Remove(victim->id);
    queries_.erase(victim);
    AddQuery();
  }

  void CompareAll(int64_t t) {
    for (const Query& query : queries_) {
      Compare(query, Timestamp::FromMillis(t));
      if (random_.Next() % 6 == 0) CheckPromises(query, Timestamp::FromMillis(t));
      if (::testing::Test::HasFailure()) return;
    }
  }

  absl::StatusOr<Rows> Naive(const Query& query, Timestamp t) const {
    return Naive(query, storage_, t);
  }

  absl::StatusOr<Rows> Naive(const Query& query, const naive::Storage& storage, Timestamp t) const {
    const auto value = naive::Evaluate(storage, *query.expr, t, options_, nullptr);
    if (!value.ok()) return value.status();
    return RowsOf(*value);
  }

  absl::StatusOr<Rows> Engine(const Query& query, Timestamp t) {
    const auto result = engine_->Evaluate(query.id, t);
    if (!result.ok()) return result.status();
    return RowsOf(promqltest::Copy(*result).value);
  }

  // What an engine without history says: tells a wrong rule from a window that went wrong on its
  // way.
  absl::StatusOr<Rows> FreshEngine(const Query& query, Timestamp t) {
    engine::QueryEngine fresh(*table_, options_);
    const auto id = fresh.Add(*query.expr);
    const auto result = fresh.Evaluate(*id, t);
    if (!result.ok()) return result.status();
    return RowsOf(promqltest::Copy(*result).value);
  }

  // Samples that Needs() says are enough for an evaluation at `t`.
  naive::Storage Needed(const Query& query, Timestamp t) const {
    naive::Storage needed;
    const auto needs = engine::QueryEngine::Needs(*query.expr, options_);
    for (const auto& [labels, samples] : storage_.series()) {
      int64_t keep_after = INT64_MAX;
      for (const engine::SelectorNeed& need : needs) {
        if (!naive::Matches(need.matchers, labels).value_or(false)) continue;
        const int64_t bound = need.unbounded ? INT64_MIN : (t - need.reach).millis();
        keep_after = std::min(keep_after, bound);
      }
      for (const naive::Point& sample : samples) {
        if (sample.time_ms <= keep_after) continue;
        sample.histogram ? needed.Add(labels, sample.time_ms, sample.histogram)
                         : needed.Add(labels, sample.time_ms, sample.value);
      }
    }
    return needed;
  }

  // What the engine promises beside the value: what it needs, and until when the value holds.
  void CheckPromises(const Query& query, Timestamp t) {
    const auto expected = Naive(query, t);
    const auto with_needed = Naive(query, Needed(query, t), t);
    ASSERT_TRUE(Same(expected, with_needed))
        << query.text << "\n  Needs() leaves out what matters at " << FormatTimestamp(t)
        << "\n  all samples: " << Show(expected) << "\n  needed ones: " << Show(with_needed);

    if (MovesWithTime(*query.expr)) return;
    const Timestamp next = engine_->NextChange(query.id, t);
    ASSERT_GT(next, t) << query.text;
    const Timestamp end = std::min(next, t + absl::Minutes(12));
    const Timestamp later = std::max(t, end - absl::Milliseconds(1 + Below(40'000)));
    for (const Timestamp at : {later, std::max(t, end - absl::Milliseconds(1))}) {
      const auto then = Naive(query, at);
      ASSERT_TRUE(Same(expected, then))
          << query.text << "\n  NextChange() after " << FormatTimestamp(t) << " says "
          << absl::FormatDuration(next - t) << " but the value differs " << (at - t)
          << " later\n  before: " << Show(expected) << "\n  then: " << Show(then);
    }
  }

  void Compare(const Query& query, Timestamp t) {
    const auto expected = Naive(query, t);
    const auto actual = Engine(query, t);
    ASSERT_TRUE(Same(expected, actual))
        << query.text << "\n  at " << FormatTimestamp(t) << " (start "
        << absl::FormatDuration(t - Timestamp::FromMillis(kStartMs)) << "), delayed name removal "
        << options_.delayed_name_removal << ", lookback " << absl::FormatDuration(options_.lookback)
        << ", trimmed " << trims_ << "\n  twin: " << Show(expected)
        << "\n  engine: " << Show(actual) << "\n  fresh engine: " << Show(FreshEngine(query, t));
    ++totals_.compared;
    totals_.errors += expected.ok() ? 0 : 1;
    if (!expected.ok()) return;
    totals_.rows += static_cast<int64_t>(expected->size());
    totals_.histograms += std::count_if(expected->begin(), expected->end(), [](const auto& row) {
      return row.second.histogram != nullptr;
    });
  }

  SeededRandom random_;
  SeededRandom churn_random_;  // of its own, so that a seed's expressions do not depend on it
  SeededRandom restart_random_;
  Totals& totals_;
  bool trims_ = false;
  const engine::QueryOptions options_;
  std::unique_ptr<engine::SeriesTable> table_;
  std::unique_ptr<engine::QueryEngine> engine_;  // borrows the table
  naive::Storage storage_;
  const std::vector<Arrival> arrivals_;
  size_t fed_ = 0;
  std::vector<bool> taken_;  // of each arrival fed
  std::vector<Query> queries_;
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

TEST(RandomTwinTest, EngineAndTwinAgree) {
  const uint64_t only = FromEnvironment("TOCSIN_TWIN_SEED", 0);
  const uint64_t count = only != 0 ? 1 : FromEnvironment("TOCSIN_TWIN_SEEDS", 12);
  Totals totals;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t seed = only != 0 ? only : i + 1;
    SCOPED_TRACE(absl::StrCat("TOCSIN_TWIN_SEED=", seed));
    World(seed, &totals).Run();
    if (HasFailure()) break;
  }
  std::printf(
      "%d queries (%d refused as not supported yet), %lld comparisons, %lld rows (%lld "
      "histograms), %lld errors, %lld series given up, %lld restarts\n",
      totals.queries, totals.refused, static_cast<long long>(totals.compared),
      static_cast<long long>(totals.rows), static_cast<long long>(totals.histograms),
      static_cast<long long>(totals.errors), static_cast<long long>(totals.given_up),
      static_cast<long long>(totals.restarts));
  if (HasFailure() || only != 0) return;
  // A generator or an engine that gives up would make this test say nothing.
  EXPECT_LT(totals.refused * 2, totals.queries);
  EXPECT_GT(totals.rows, totals.compared / 2);
  EXPECT_GT(totals.given_up, 100);
  EXPECT_GT(totals.restarts, 30);
  EXPECT_GT(totals.histograms, totals.rows / 20);
}

}  // namespace
}  // namespace tocsin::twin
