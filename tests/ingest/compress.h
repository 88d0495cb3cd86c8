#pragma once

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "integrations/ingest/decompress.h"

namespace tocsin::ingest {

inline std::string Deflated(const std::string& plain, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// As a sender does it.
inline std::string Compress(ContentEncoding encoding, const std::string& plain) {
  std::string out;
  switch (encoding) {
    case ContentEncoding::kIdentity:
      return plain;
    case ContentEncoding::kGzip:
      return Deflated(plain, 15 + 16);
    case ContentEncoding::kDeflate:
      return Deflated(plain, 15);
    case ContentEncoding::kZstd:
      out.resize(ZSTD_compressBound(plain.size()));
      out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
      return out;
    case ContentEncoding::kSnappy:
      snappy::Compress(plain.data(), plain.size(), &out);
      return out;
  }
  return out;
}

}  // namespace tocsin::ingest
