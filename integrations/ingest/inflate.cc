#include "integrations/ingest/inflate.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tocsin::ingest {
namespace {

constexpr size_t kFirstBytes = 64 << 10;
constexpr int kWindowBits = 15 + 32;  // the largest window; + 32: either framing

// zlib's state, released on every way out.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, kWindowBits) == Z_OK; }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

absl::StatusOr<std::string> Inflate(absl::string_view bytes, size_t bytes_max, BudgetLease* room) {
  Inflater inflater;
  if (!inflater.ready()) return absl::UnavailableError("no memory to inflate the request");
  z_stream& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  while (true) {
    const size_t done = stream.total_out;
    if (done > bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("request inflates to more than ", bytes_max, " bytes (request_bytes_max)"));
    }
    // One byte beyond the limit is enough to see that it is passed.
    const size_t size = std::min(bytes_max + 1, std::max(kFirstBytes, done * 2));
    if (room != nullptr) TOCSIN_RETURN_IF_ERROR(room->Grow(size - out.size()));
    out.resize(size);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    stream.avail_out = static_cast<uInt>(out.size() - done);
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END && stream.total_out <= bytes_max) break;
    if (code == Z_STREAM_END) continue;
    if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) {
      return absl::InvalidArgumentError("damaged compressed data");
    }
  }
  out.resize(stream.total_out);
  return out;
}

}  // namespace tocsin::ingest
