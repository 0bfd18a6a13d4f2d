#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hale {

/// Reads at most max_bytes of a small file. Opens O_NONBLOCK so that a FIFO or a wedged device cannot hang the caller.
/// Errors: not_found (ENOENT, ENODEV, ENXIO), unsupported (ENODATA, EOPNOTSUPP, EINVAL), permission, io (EIO, others). An empty file is an
/// empty string, not an error.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = 4096);

/// Writes a file so that after a crash either the old or the new content is there: temporary file beside it, fsync, rename, fsync of the folder.
Result<> write_file_atomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0600);

/// Names in a folder, sorted; not_found when it does not exist. Stops at max_entries with Errc::invalid_input.
Result<std::vector<std::string>> list_directory(const std::filesystem::path& path, std::size_t max_entries = 100'000);

/// Final component of a symlink's target ("../../devices/pci0000:00/0000:00:18.3" -> "0000:00:18.3").
Result<std::string> link_target_name(const std::filesystem::path& path);

}  // namespace hale
