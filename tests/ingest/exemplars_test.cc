#include "integrations/ingest/exemplars.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "proto/opentelemetry/proto/metrics/v1/metrics.pb.h"

namespace tocsin::ingest {
namespace {

Exemplar At(int64_t ms, const char* trace) {
  return {.time = Timestamp::FromMillis(ms), .value = 1, .trace_id = trace, .span_id = ""};
}

std::string Traces(const ExemplarStore& store, SeriesRef series) {
  std::string traces;
  for (const Exemplar& exemplar : store.Newest(series)) traces += exemplar.trace_id;
  return traces;
}

TEST(ExemplarStoreTest, KeepsTheNewestOfASeries) {
  ExemplarStore store(10);
  for (const auto& [ms, trace] : {std::pair(3, "c"), {1, "a"}, {5, "e"}, {2, "b"}, {4, "d"}}) {
    store.Add(7, At(ms, trace));
  }
  EXPECT_EQ(Traces(store, 7), "edcb");
  store.Add(7, At(5, "e"));  // the sender repeats it with each export
  EXPECT_EQ(Traces(store, 7), "edcb");
  EXPECT_EQ(Traces(store, 8), "");
}

TEST(ExemplarStoreTest, SeriesToldLongestAgoGoFirst) {
  ExemplarStore store(2);
  store.Add(1, At(1, "a"));
  store.Add(2, At(1, "b"));
  store.Add(1, At(2, "c"));
  store.Add(3, At(1, "d"));
  EXPECT_EQ(store.series(), 2u);
  EXPECT_EQ(Traces(store, 1), "ca");
  EXPECT_EQ(Traces(store, 2), "");
  EXPECT_EQ(Traces(store, 3), "d");
}

Labels Series(SeriesRef ref) {
  static const auto& series = *new std::map<SeriesRef, Labels>{
      {1, {{"__name__", "d_bucket"}, {"le", "1"}}},
      {2, {{"__name__", "d_count"}, {"route", "/"}}},
      {3, {{"__name__", "orders"}}},
      {4, {{"__name__", "d"}}},
  };
  return series.at(ref);
}
bool All(const Labels&) {
  return true;
}

std::string Found(const ExemplarStore& store, const char* metric,
                  const std::function<bool(const Labels&)>& wanted = All, int64_t oldest_ms = 0,
                  size_t series_left = 100, const Labels& row = Labels()) {
  std::string traces;
  for (const Exemplar& one :
       store.Find(metric, row, wanted, Timestamp::FromMillis(oldest_ms), 3, series_left)) {
    traces += one.trace_id;
  }
  return traces;
}

TEST(ExemplarStoreTest, FindsTheNewestTracesOfAMetric) {
  ExemplarStore store(10, Series);
  store.Add(1, At(1, "a"));
  store.Add(2, At(2, "b"));
  store.Add(3, At(9, "z"));
  EXPECT_EQ(Found(store, "d_bucket"), "ba") << "a histogram is all its series";
  EXPECT_EQ(Found(store, "d_sum"), "ba");
  EXPECT_EQ(Found(store, "d"), "") << "another metric";
  EXPECT_EQ(Found(store, "orders"), "z");
  EXPECT_EQ(Found(store, ""), "zba");
  EXPECT_EQ(Found(store, "d_bucket", [](const Labels& one) { return one.Has("route"); }), "b");
  EXPECT_EQ(Found(store, "d_bucket", All, 2), "b") << "a is too old";
  store.Add(1, At(3, "b"));  // one trace is found once, as it was told last
  store.Add(1, At(4, "c"));
  store.Add(2, At(5, "e"));
  EXPECT_EQ(Found(store, "d_bucket"), "ecb");
}

// Which series are passed over by their labels, and that none is that may agree with the row.
TEST(ExemplarStoreTest, LooksOnlyAtSeriesThatMayAgree) {
  const std::vector<Labels> series = {
      {{"__name__", "x"}, {"pod", "1"}, {"route", "/a"}, {"zone", "z"}},
      {{"__name__", "x"}, {"pod", "2"}, {"route", "/a"}},
      {{"__name__", "x"}, {"pod", "3"}, {"route", "/b"}},
  };
  ExemplarStore store(3, [&](SeriesRef ref) { return ref <= 3 ? series[ref - 1] : Labels(); });
  for (SeriesRef ref : {1, 2, 3}) store.Add(ref, At(static_cast<int64_t>(ref), "t"));
  const auto looked_at = [&](const Labels& row) {
    size_t left = 100;
    store.Find("x", row, All, Timestamp(), 3, left);
    return 100 - left;
  };
  EXPECT_EQ(looked_at({}), 3u);
  EXPECT_EQ(looked_at({{"route", "/a"}}), 2u);
  EXPECT_EQ(looked_at({{"route", "/a"}, {"pod", "1"}}), 1u) << "the label that tells most";
  EXPECT_EQ(looked_at({{"route", "/c"}}), 0u);
  EXPECT_EQ(looked_at({{"zone", "y"}}), 3u) << "who has none agrees";
  EXPECT_EQ(looked_at({{"team", "x"}}), 3u);
  // What went is forgotten by its labels, too.
  for (SeriesRef ref : {4, 5}) store.Add(ref, At(1, "t"));
  EXPECT_EQ(looked_at({{"route", "/a"}}), 0u);
  EXPECT_EQ(looked_at({{"route", "/b"}}), 1u);
  EXPECT_EQ(looked_at({}), 1u);
}

TEST(ExemplarStoreTest, LooksAtNoMoreSeriesThanItMay) {
  ExemplarStore store(10, Series);
  store.Add(1, At(1, "a"));
  store.Add(2, At(2, "b"));
  size_t left = 3;
  EXPECT_EQ(store.Find("d_sum", Labels(), All, Timestamp(), 3, left).size(), 2u);
  EXPECT_EQ(left, 1u);
  EXPECT_EQ(store.Find("d_sum", Labels(), All, Timestamp(), 3, left).size(), 1u);
  EXPECT_EQ(left, 0u);
}

TEST(ExemplarStoreTest, SeriesThatWentAreNotFound) {
  ExemplarStore store(2, Series);
  for (SeriesRef ref : {1, 2, 3, 4}) store.Add(ref, At(1, "x"));
  EXPECT_EQ(Found(store, "d_bucket"), "");
  EXPECT_EQ(Found(store, "d"), "x");
  store.Add(1, At(1, "y"));
  EXPECT_EQ(Found(store, "d_count"), "y");
  EXPECT_EQ(Found(store, "orders"), "");
}

TEST(ExemplarStoreTest, OnlyExemplarsOfTracesAreTaken) {
  opentelemetry::proto::metrics::v1::Exemplar message;
  message.set_time_unix_nano(5'000'000);
  message.set_as_int(-3);
  EXPECT_FALSE(DecodeExemplar(message.SerializeAsString()));
  message.set_trace_id("short");
  EXPECT_FALSE(DecodeExemplar(message.SerializeAsString()));
  message.set_trace_id(std::string(16, '\xab'));
  const auto exemplar = DecodeExemplar(message.SerializeAsString());
  ASSERT_TRUE(exemplar);
  EXPECT_EQ(exemplar->value, -3);
  EXPECT_EQ(exemplar->time, Timestamp::FromMillis(5));
  EXPECT_EQ(exemplar->trace_id, "abababababababababababababababab");
  EXPECT_EQ(exemplar->span_id, "");
  EXPECT_FALSE(DecodeExemplar("\xff"));
}

}  // namespace
}  // namespace tocsin::ingest
