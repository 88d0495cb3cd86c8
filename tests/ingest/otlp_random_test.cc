// The decoder that walks the wire against one that uses the generated classes, on random requests;
// and on damaged bytes against nothing but the promise not to crash, hang or read beyond the end.

#include <gtest/gtest.h>

#include <random>

#include "integrations/ingest/otlp_decode.h"
#include "tests/ingest/fake_sink.h"
#include "tests/ingest/otlp_generator.h"
#include "tests/ingest/otlp_reference.h"

namespace tocsin::ingest {
namespace {

TEST(OtlpRandomTest, AgreesWithTheGeneratedClasses) {
  const Limits limits;
  FakeSink sink;
  OtlpDecoder decoder(limits, sink);  // one cache for all, so that later requests hit it
  OtlpReference reference(limits, sink);
  size_t samples = 0, rejected = 0;
  for (uint64_t seed = 1; seed <= 700; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ExportMetricsServiceRequest request = OtlpGenerator(seed).Request();
    const OtlpReference::Result expected = reference.Decode(request);
    const auto result = decoder.Decode(request.SerializeAsString(), Timestamp::FromMillis(kNowMs));
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(sink.LinesOf(result->batch), sink.LinesOf(expected.batch));
    ASSERT_EQ(result->rejected.total(), expected.rejected) << result->rejected.Describe();
    samples += result->batch.size();
    rejected += expected.rejected;
  }
  // The generator must meet both ways often, or the test shows nothing.
  EXPECT_GT(samples, 5'000u);
  EXPECT_GT(rejected, 5'000u);
}

TEST(OtlpRandomTest, DamagedBytesNeverCrash) {
  const Limits limits;
  FakeSink sink;
  OtlpDecoder decoder(limits, sink);
  std::mt19937_64 random(7);
  size_t refused = 0, taken = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const std::string whole = OtlpGenerator(seed).Request().SerializeAsString();
    if (whole.empty() || whole.size() > 4000) continue;
    for (int i = 0; i < 40; ++i) {
      std::string bytes = whole;
      if (i % 2 == 0) bytes.resize(random() % bytes.size());
      for (uint64_t flips = i % 4; flips > 0 && !bytes.empty(); --flips) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      }
      // An exact copy on the heap: a sanitizer sees any step beyond its end.
      const std::vector<char> exact(bytes.begin(), bytes.end());
      const auto result = decoder.Decode(absl::string_view(exact.data(), exact.size()),
                                         Timestamp::FromMillis(kNowMs));
      if (result.ok()) {
        ++taken;
      } else {
        ASSERT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(taken, 100u);
}

}  // namespace
}  // namespace tocsin::ingest
