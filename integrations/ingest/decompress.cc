#include "integrations/ingest/decompress.h"

#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/inflate.h"

namespace tocsin::ingest {
namespace {

constexpr ContentEncoding kEncodings[] = {ContentEncoding::kIdentity, ContentEncoding::kGzip,
                                          ContentEncoding::kDeflate, ContentEncoding::kZstd,
                                          ContentEncoding::kSnappy};
constexpr size_t kFirstBytes = 64 << 10;
// What every reader of zstd takes (RFC 8878): a window of 8 MiB.
constexpr int kZstdWindowLogMax = 23;

absl::Status Damaged() {
  return absl::InvalidArgumentError("damaged compressed data");
}

absl::Status TooLarge(size_t bytes_max) {
  return absl::ResourceExhaustedError(
      absl::StrCat("request inflates to more than ", bytes_max, " bytes (request_bytes_max)"));
}

struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

// Frames one after the other, as the format allows.
absl::StatusOr<std::string> FromZstd(absl::string_view bytes, size_t bytes_max, BudgetLease* room) {
  const std::unique_ptr<ZSTD_DStream, FreeZstd> stream(ZSTD_createDStream());
  if (stream == nullptr) return absl::UnavailableError("no memory to inflate the request");
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
  std::string out;
  size_t done = 0;
  size_t wanted = bytes.empty() ? 0 : 1;  // 0: a frame has ended
  while (wanted != 0 || in.pos < in.size) {
    if (done > bytes_max) return TooLarge(bytes_max);
    if (done == out.size()) {
      // One byte beyond the limit is enough to see that it is passed.
      const size_t size = std::min(bytes_max + 1, std::max(kFirstBytes, done * 2));
      if (room != nullptr) TOCSIN_RETURN_IF_ERROR(room->Grow(size - out.size()));
      out.resize(size);
    }
    ZSTD_outBuffer to = {out.data(), out.size(), done};
    wanted = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(wanted)) return Damaged();
    const bool stuck = to.pos == done && in.pos == in.size;
    done = to.pos;
    if (stuck && wanted != 0) return Damaged();  // it was cut
  }
  if (done > bytes_max) return TooLarge(bytes_max);
  out.resize(done);
  return out;
}

// The block begins with the size of what it holds. The densest element, three bytes for 64, bounds
// what a claim can be true for.
absl::StatusOr<std::string> FromSnappy(absl::string_view bytes, size_t bytes_max,
                                       BudgetLease* room) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size)) return Damaged();
  if (size > bytes_max) return TooLarge(bytes_max);
  if (size / 64 > bytes.size() / 3 + 1) return Damaged();
  if (room != nullptr) TOCSIN_RETURN_IF_ERROR(room->Grow(size));
  std::string out(size, '\0');
  if (!snappy::RawUncompress(bytes.data(), bytes.size(), out.data())) return Damaged();
  return out;
}

}  // namespace

const char* ContentEncodingName(ContentEncoding encoding) {
  switch (encoding) {
    case ContentEncoding::kIdentity:
      return "identity";
    case ContentEncoding::kGzip:
      return "gzip";
    case ContentEncoding::kDeflate:
      return "deflate";
    case ContentEncoding::kZstd:
      return "zstd";
    case ContentEncoding::kSnappy:
      return "snappy";
  }
  return "";
}

std::optional<ContentEncoding> ParseContentEncoding(absl::string_view text) {
  if (text.empty()) return ContentEncoding::kIdentity;
  if (absl::EqualsIgnoreCase(text, "zstd1")) return ContentEncoding::kZstd;  // Datadog's clients
  for (const ContentEncoding encoding : kEncodings) {
    if (absl::EqualsIgnoreCase(text, ContentEncodingName(encoding))) return encoding;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> Decompress(ContentEncoding encoding, absl::string_view bytes,
                                       size_t bytes_max, BudgetLease* room) {
  switch (encoding) {
    case ContentEncoding::kGzip:
    case ContentEncoding::kDeflate:
      return Inflate(bytes, bytes_max, room);
    case ContentEncoding::kZstd:
      return FromZstd(bytes, bytes_max, room);
    case ContentEncoding::kSnappy:
      return FromSnappy(bytes, bytes_max, room);
    case ContentEncoding::kIdentity:
      break;
  }
  if (bytes.size() > bytes_max) return TooLarge(bytes_max);
  if (room != nullptr) TOCSIN_RETURN_IF_ERROR(room->Grow(bytes.size()));
  return std::string(bytes);
}

}  // namespace tocsin::ingest
