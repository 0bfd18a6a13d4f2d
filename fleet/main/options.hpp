#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hale::fleet {

struct Address {
  std::string host{"127.0.0.1"};  ///< an IP address
  std::uint16_t port{0};          ///< 0: any free one
};
/// "127.0.0.1:8443", "[::1]:0".
Result<Address> parse_address(std::string_view text);

/// What `hale-fleet serve` runs with: flags, or the JSON file of --config (the same names with '_').
struct ServeOptions {
  std::filesystem::path data{"/var/lib/hale-fleet"};
  std::string device_listen{"127.0.0.1:8443"};
  std::string console_listen{"127.0.0.1:9443"};
  std::string device_url;  ///< as devices reach the device listener; empty: made of the first host and the port
  std::filesystem::path ports_file;
  int device_threads{0};   ///< 0: one a processor
  int telemetry_days{90};  ///< kept
  int activity_days{400};  ///< notifications, events, answers: kept. Findings are kept for ever.
};

/// Unknown keys are an error that names the nearest known one.
Result<ServeOptions> parse_serve_config(std::string_view json, const std::string& file_name);

}  // namespace hale::fleet
