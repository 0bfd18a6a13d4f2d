#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale::fleet {

/// Fresh texts for a copied disk to sign. Made without remembering anything: each carries its own time and a MAC under
/// a key that lives as long as this object (so a restart ends them all); only used ones are remembered, until they
/// would have ended anyway. Thread-safe.
class Challenges {
 public:
  static constexpr std::chrono::minutes kLife{2};  ///< [own] a slow link's round trip, with room
  Challenges();

  std::string make(Timestamp now) const;
  /// Takes one; permission when it is not ours, too old or used already. Call once the signature over it holds, so that
  /// nobody fills the memory of used ones without a key.
  Result<> use(std::string_view text, Timestamp now);

 private:
  std::string mac(std::string_view content) const;

  const std::string key_;
  std::mutex mutex_;
  std::map<std::string, Timestamp, std::less<>> used_;  // guarded by mutex_; until when
};

}  // namespace hale::fleet
