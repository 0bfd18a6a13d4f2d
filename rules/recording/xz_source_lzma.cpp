#include <lzma.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "rules/recording/tar_reader.hpp"

namespace hale::rules {
namespace {

constexpr std::uint64_t kMaxMemory = 128u << 20;

class XzSource final : public ByteSource {
 public:
  explicit XzSource(std::FILE* file) : file_(file), input_(1u << 16) {}
  ~XzSource() override {
    lzma_end(&stream_);
    std::fclose(file_);
  }
  XzSource(const XzSource&) = delete;
  XzSource& operator=(const XzSource&) = delete;

  bool start() { return lzma_stream_decoder(&stream_, kMaxMemory, LZMA_CONCATENATED) == LZMA_OK; }

  Result<std::size_t> read(char* into, std::size_t size) override {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(into);
    stream_.avail_out = size;
    while (stream_.avail_out == size && !done_) {
      if (stream_.avail_in == 0 && !at_end_) {
        stream_.next_in = input_.data();
        stream_.avail_in = std::fread(input_.data(), 1, input_.size(), file_);
        if (std::ferror(file_) != 0) return fail(Errc::io, std::strerror(errno));
        at_end_ = stream_.avail_in == 0;
      }
      const lzma_ret code = lzma_code(&stream_, at_end_ ? LZMA_FINISH : LZMA_RUN);
      done_ = code == LZMA_STREAM_END;
      if (code != LZMA_OK && !done_) return fail(Errc::invalid_input, "the compressed data is damaged or cut off");
    }
    return size - stream_.avail_out;
  }

 private:
  std::FILE* file_;
  std::vector<std::uint8_t> input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool at_end_{};
  bool done_{};
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_xz(const std::filesystem::path& file) {
  std::FILE* opened = std::fopen(file.c_str(), "rb");
  if (opened == nullptr)
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, std::string("cannot be opened: ") + std::strerror(errno));
  auto source = std::make_unique<XzSource>(opened);
  if (!source->start()) return fail(Errc::internal, "liblzma cannot start");
  return source;
}

}  // namespace hale::rules
