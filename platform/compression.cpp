#include "platform/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace hale {
namespace {

constexpr std::size_t kStep = 64u << 10;

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

tl::unexpected<Error> too_large(std::size_t max_bytes) {
  return fail(Errc::invalid_input, "unpacks to more than " + std::to_string(max_bytes) + " bytes");
}

/// Room for the next step at the end of `out`, one byte beyond the bound at most: that byte tells "exactly full" from "too large".
std::size_t grow(std::string& out, std::size_t max_bytes) {
  const std::size_t used = out.size();
  out.resize(used + std::min(kStep, max_bytes + 1 - used));
  return used;
}

struct Inflater {
  z_stream stream{};
  bool ready{inflateInit2(&stream, 15 + 16) == Z_OK};  // 15 + 16: gzip framing, largest window
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

Bytef* zlib_bytes(const char* bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

}  // namespace

std::string zstd_compress(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  out.resize(ZSTD_isError(size) ? 0 : size);  // with the bound as room it fails on lack of memory only
  return out;
}

Result<std::string> zstd_decompress(std::string_view bytes, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  if (!context) return fail(Errc::unavailable, "not enough memory to unpack");
  // A frame may ask for a window of up to 2 GiB whatever its content: 8 MiB is what a receiver must support (RFC 8878, 3.1.1.1.2).
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
  std::string out;
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  std::size_t wanted = 1;
  for (;;) {
    const std::size_t used = grow(out, max_bytes);
    ZSTD_outBuffer output{out.data() + used, out.size() - used, 0};
    wanted = ZSTD_decompressStream(context.get(), &output, &input);
    out.resize(used + output.pos);
    if (ZSTD_isError(wanted)) return fail(Errc::invalid_input, std::string("not valid zstd: ") + ZSTD_getErrorName(wanted));
    if (out.size() > max_bytes) return too_large(max_bytes);
    if (input.pos == input.size && (wanted == 0 || output.pos < output.size)) break;
  }
  if (wanted != 0) return fail(Errc::invalid_input, "not valid zstd: cut short");
  return out;
}

Result<std::string> gzip_decompress(std::string_view bytes, std::size_t max_bytes) {
  Inflater inflater;
  if (!inflater.ready) return fail(Errc::unavailable, "not enough memory to unpack");
  if (bytes.size() > 0xFFFFFFFFu) return too_large(max_bytes);
  z_stream& stream = inflater.stream;
  stream.next_in = zlib_bytes(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  for (;;) {
    const std::size_t used = grow(out, max_bytes);
    stream.next_out = zlib_bytes(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    const int code = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > max_bytes) return too_large(max_bytes);
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      inflateReset(&stream);  // a further member follows
    } else if (code != Z_OK) {
      const bool short_input = code == Z_BUF_ERROR;
      return fail(Errc::invalid_input, std::string("not valid gzip: ") + (short_input ? "cut short" : stream.msg != nullptr ? stream.msg : "malformed"));
    }
  }
}

std::string gzip_compress(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = zlib_bytes(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = zlib_bytes(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(code == Z_STREAM_END ? out.size() - stream.avail_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace hale
