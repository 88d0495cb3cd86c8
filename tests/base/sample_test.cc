#include "base/sample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

namespace tocsin {
namespace {

HistogramPtr HistogramOf(double count, size_t buckets = 0) {
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->count = count;
  for (size_t i = 0; i < buckets; ++i) histogram->positive.push_back({static_cast<int32_t>(i), 1});
  return histogram;
}

TEST(SampleBatchTest, FloatsAloneTakeNoRoomForHistograms) {
  SampleBatch batch;
  batch.Add(1, 10, 0.5);
  batch.Add(2, 10, StaleMarker());
  EXPECT_TRUE(batch.histograms.empty());
  EXPECT_EQ(batch.histogram(0), nullptr);
  EXPECT_EQ(batch.bytes(), 2 * 24u);
}

TEST(SampleBatchTest, HistogramsStandBesideTheirColumns) {
  SampleBatch batch;
  batch.Add(1, 10, 0.5);
  batch.Add(2, 10, HistogramOf(3));
  batch.Add(3, 10, 0.25);
  EXPECT_EQ(batch.histogram(0), nullptr);
  ASSERT_NE(batch.histogram(1), nullptr);
  EXPECT_EQ(batch.histogram(1)->count, 3);
  EXPECT_TRUE(IsHistogramMark(batch.values[1]));
  EXPECT_EQ(batch.histogram(2), nullptr);
}

TEST(SampleBatchTest, FloatWithTheBitsOfTheMarkIsAnOrdinaryNaN) {
  SampleBatch batch;
  batch.Add(1, 10, HistogramMark());
  EXPECT_TRUE(std::isnan(batch.values[0]));
  EXPECT_FALSE(IsHistogramMark(batch.values[0]));
  EXPECT_FALSE(IsStaleMarker(batch.values[0]));
  EXPECT_EQ(batch.histogram(0), nullptr);
}

TEST(SampleBatchTest, AppendKeepsEachHistogramAtItsSample) {
  SampleBatch floats;
  floats.Add(1, 10, 1);
  floats.Add(2, 10, 2);
  SampleBatch mixed;
  mixed.Add(3, 10, HistogramOf(3));
  mixed.Add(4, 10, 4);

  SampleBatch all = floats;
  for (const SampleBatch* more : {&mixed, &floats, &mixed}) all.Append(*more);
  const std::vector<SeriesRef> refs = {1, 2, 3, 4, 1, 2, 3, 4};
  EXPECT_EQ(all.refs, refs);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all.histogram(i) != nullptr, all.refs[i] == 3) << i;
    EXPECT_EQ(IsHistogramMark(all.values[i]), all.refs[i] == 3) << i;
  }
}

TEST(SampleBatchTest, BytesCountBuckets) {
  SampleBatch batch, wide;
  batch.Add(1, 10, HistogramOf(1));
  wide.Add(1, 10, HistogramOf(1, 100));
  EXPECT_GE(wide.bytes(), batch.bytes() + 100 * sizeof(HistogramBucket));
}

}  // namespace
}  // namespace tocsin
