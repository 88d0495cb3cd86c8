#include "integrations/ingest/exemplars.h"

#include <gtest/gtest.h>

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
