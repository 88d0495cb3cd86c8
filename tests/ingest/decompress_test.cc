#include "integrations/ingest/decompress.h"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>

#include "tests/ingest/compress.h"

namespace tocsin::ingest {
namespace {

constexpr ContentEncoding kCompressed[] = {ContentEncoding::kGzip, ContentEncoding::kDeflate,
                                           ContentEncoding::kZstd, ContentEncoding::kSnappy};

// Hard to compress, but for its end.
std::string Sample(size_t bytes) {
  std::string text;
  uint32_t state = 1;
  while (text.size() < bytes) {
    state = state * 1664525 + 1013904223;
    text.push_back(static_cast<char>(state >> 24));
    if (text.size() > bytes / 2) text.append(100, 'x');
  }
  text.resize(bytes);
  return text;
}

class DecompressTest : public ::testing::TestWithParam<ContentEncoding> {
 protected:
  Metrics metrics_;
  Budget budget_{metrics_, {.reason = "r", .limit = "l", .amount_max = 1 << 20}};
};

TEST_P(DecompressTest, GivesBackWhatWasCompressed) {
  for (const size_t size : {0, 1, 1000, 65'536, 300'000}) {
    const std::string plain = Sample(size);
    const auto got = Decompress(GetParam(), Compress(GetParam(), plain), 300'000, nullptr);
    ASSERT_TRUE(got.ok()) << size << ": " << got.status();
    EXPECT_EQ(*got, plain) << size;
  }
}

TEST_P(DecompressTest, StopsAtTheLimit) {
  const std::string bomb = Compress(GetParam(), std::string(1'000'000, 'x'));
  EXPECT_TRUE(Decompress(GetParam(), bomb, 1'000'000, nullptr).ok());
  for (const size_t max : {0, 1, 999'999}) {
    EXPECT_TRUE(absl::IsResourceExhausted(Decompress(GetParam(), bomb, max, nullptr).status()))
        << max;
  }
}

TEST_P(DecompressTest, RefusesCutAndForeignBytes) {
  const std::string whole = Compress(GetParam(), Sample(10'000));
  for (size_t size = 1; size < whole.size(); size += 97) {
    const auto got = Decompress(GetParam(), whole.substr(0, size), 20'000, nullptr);
    EXPECT_TRUE(absl::IsInvalidArgument(got.status())) << size << ": " << got.status();
  }
  const auto foreign = Decompress(GetParam(), std::string(100, '\xff'), 20'000, nullptr);
  EXPECT_TRUE(absl::IsInvalidArgument(foreign.status())) << foreign.status();
}

// Only what has come out is charged, and no more than is there is given out.
TEST_P(DecompressTest, TakesRoomAsItGrows) {
  const std::string bytes = Compress(GetParam(), std::string(600'000, 'x'));
  BudgetLease others(budget_);
  ASSERT_TRUE(others.Grow(1 << 19).ok());
  {
    BudgetLease room(budget_);
    EXPECT_TRUE(absl::IsUnavailable(Decompress(GetParam(), bytes, 1 << 20, &room).status()));
  }
  BudgetLease small_room(budget_);
  const std::string small = Compress(GetParam(), "small");
  ASSERT_TRUE(Decompress(GetParam(), small, 1 << 20, &small_room).ok());
  EXPECT_LE(small_room.held(), 64u << 10);
}

INSTANTIATE_TEST_SUITE_P(Encodings, DecompressTest, ::testing::ValuesIn(kCompressed),
                         [](const auto& param) { return ContentEncodingName(param.param); });

// The size stands in front of the bytes and may be any; believing it would let a few bytes take all
// room.
TEST(DecompressSnappyTest, DoesNotBelieveAnImpossibleSize) {
  Metrics metrics;
  Budget budget(metrics, {.reason = "r", .limit = "l", .amount_max = 1 << 20});
  BudgetLease room(budget);
  const std::string claim = "\x80\x80\x80\x10 and nothing behind it";  // 32 MiB
  const auto got = Decompress(ContentEncoding::kSnappy, claim, 64 << 20, &room);
  EXPECT_TRUE(absl::IsInvalidArgument(got.status())) << got.status();
  EXPECT_EQ(room.held(), 0u);
}

// A frame may ask for a window as large as it likes.
TEST(DecompressZstdTest, RefusesWindowsBeyondEightMebibytes) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  const std::string plain(20 << 20, 'x');
  std::string bytes(ZSTD_compressBound(plain.size()), '\0');
  ZSTD_inBuffer in = {plain.data(), plain.size(), 0};
  ZSTD_outBuffer out = {bytes.data(), bytes.size(), 0};
  ASSERT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue), 0u);
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  bytes.resize(out.pos);
  const auto got = Decompress(ContentEncoding::kZstd, bytes, 64 << 20, nullptr);
  EXPECT_TRUE(absl::IsInvalidArgument(got.status())) << got.status();
}

TEST(ContentEncodingTest, NamesAreReadInAnyCase) {
  const std::pair<const char*, std::optional<ContentEncoding>> cases[] = {
      {"", ContentEncoding::kIdentity},
      {"identity", ContentEncoding::kIdentity},
      {"GZIP", ContentEncoding::kGzip},
      {"deflate", ContentEncoding::kDeflate},
      {"zstd", ContentEncoding::kZstd},
      {"zstd1", ContentEncoding::kZstd},
      {"Snappy", ContentEncoding::kSnappy},
      {"gzip, identity", std::nullopt},
      {"br", std::nullopt},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(ParseContentEncoding(text), want) << text;
}

}  // namespace
}  // namespace tocsin::ingest
