#include "platform/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {

void be_small() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
  mallopt(M_TOP_PAD, 16 << 10);
}

void release_startup_memory() {
  malloc_trim(0);
  const auto maps = read_file("/proc/self/maps", 256 << 10);
  if (!maps) return;
  for (const auto line : split(*maps, '\n')) {
    // "start-end r-xp offset device inode /path": text is never written, so dropping its pages loses nothing.
    const auto words = split(line, ' ');
    if (words.size() < 6 || words[1] != "r-xp" || line.find(" /") == std::string_view::npos) continue;
    const auto range = split(words[0], '-');
    if (range.size() != 2) continue;
    const auto start = parse_hex(range[0]);
    const auto end = parse_hex(range[1]);
    if (start && end && *end > *start) ::madvise(reinterpret_cast<void*>(*start), *end - *start, MADV_DONTNEED);
  }
}

}  // namespace hale
