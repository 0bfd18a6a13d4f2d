#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hale {

/// Keeps small secrets (spool key, client key) for this machine's Hale. Linux: files of mode 0600 in <state>/secrets. Windows: DPAPI blobs.
/// Not thread-safe.
class Secrets {
 public:
  explicit Secrets(std::filesystem::path state_folder) : folder_(std::move(state_folder) / "secrets") {}
  Result<std::string> get(std::string_view name) const;  ///< not_found when there is none
  Result<> put(std::string_view name, std::string_view value);
  Result<> erase(std::string_view name);                 ///< overwritten, then removed; fine when absent
  /// The 32-byte key that seals the spool; made on first use.
  Result<std::string> spool_key();

 private:
  std::filesystem::path folder_;
};

}  // namespace hale
