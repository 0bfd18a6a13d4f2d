#pragma once
#include <atomic>
#include <filesystem>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "platform/clock.hpp"
#include "platform/http_client.hpp"
#include "uploader/identity.hpp"

namespace hale {

struct EnrollCommand {
  std::filesystem::path state_folder;
  std::string url;         ///< empty: the token's
  std::string token_text;  ///< as read from the file, never from an argument
  std::string hardware;
  std::string system;
  Timestamp boot_time;
  ProxyOptions proxy;
  bool force{false};  ///< replace an identity that is in use
  const std::atomic<bool>* cancel{};
};

/// `hale-upload enroll`: refuses to replace a working identity (conflict) unless forced; leaves a copied one and names
/// it to the fleet.
Result<Identity> run_enroll(const EnrollCommand& command, const Clock& clock);
/// {"device":…,"organization":…,"fleet":…,"consent":"required|given","not_after":…}
std::string to_json_line(const Identity& identity);

}  // namespace hale
