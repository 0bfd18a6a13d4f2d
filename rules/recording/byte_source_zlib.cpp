#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "rules/recording/byte_source.hpp"

namespace hale::rules {
namespace {

/// zlib reads plain files as they are.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(gzFile file) : file_(file) { gzbuffer(file_, 1u << 17); }
  ~GzipSource() override { gzclose(file_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  Result<std::size_t> read(char* into, std::size_t size) override {
    const int count = gzread(file_, into, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* words = gzerror(file_, &code);
    // A stream that is cut off gives what there is first, and only then says so.
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END && count == 0)) {
      if (code == Z_ERRNO) return fail(Errc::io, std::strerror(errno));
      return fail(Errc::invalid_input, std::string("the compressed data is damaged or cut off (") + words + ")");
    }
    return static_cast<std::size_t>(count);
  }

 private:
  gzFile file_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return fail(Errc::invalid_input, "is a folder, not a recording");
  errno = 0;
  gzFile opened = gzopen(file.c_str(), "rb");
  if (opened == nullptr) {
    const int code = errno;
    const Errc kind = code == ENOENT ? Errc::not_found : code == EACCES ? Errc::permission : Errc::io;
    return fail(kind, std::string("cannot be opened: ") + std::strerror(code));
  }
  return std::make_unique<GzipSource>(opened);
}

}  // namespace hale::rules
