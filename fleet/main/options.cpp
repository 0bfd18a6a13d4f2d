#include "fleet/main/options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/json_reader.hpp"
#include "core/text.hpp"

namespace hale::fleet {

Result<Address> parse_address(std::string_view text) {
  const auto wrong = [&] {
    return fail(
        Errc::invalid_input,
        "'" + std::string(text) + "' is no address; write IP:PORT, e.g. 0.0.0.0:8443 or [::]:8443 (port 0: any)");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return wrong();
  const auto port = parse_uint(text.substr(colon + 1));
  if (!port || *port > 65535) return wrong();
  return Address{host == "localhost" ? "127.0.0.1" : std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<ServeOptions> parse_serve_config(std::string_view text, const std::string& file_name) {
  static const std::vector<std::string_view> kKeys{"data",       "device_listen",  "console_listen", "device_url",
                                                   "ports_file", "device_threads", "telemetry_days", "activity_days"};
  const auto document = parse_json(text, 64u << 10, 8);
  if (!document) return fail(Error(document.error()).with_context(file_name));
  if (!document->is_object()) return fail(Errc::invalid_input, file_name + ": expected a JSON object");
  for (const auto& [key, value] : document->items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
    const auto near = nearest(key, kKeys);
    return fail(Errc::invalid_input, file_name + ": unknown key '" + key + "'" +
                                         (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
  JsonReader reader(*document, file_name);
  ServeOptions options;
  const auto days = [&](const char* key, int otherwise) {
    return static_cast<int>(reader.optional_integer(key, 36'500).value_or(static_cast<std::uint64_t>(otherwise)));
  };
  const auto words = [&](const char* key, const std::string& otherwise) {
    return reader.has(key) ? reader.filled_text(key, 1024) : otherwise;
  };
  options.data = words("data", options.data.string());
  options.device_listen = words("device_listen", options.device_listen);
  options.console_listen = words("console_listen", options.console_listen);
  options.device_url = words("device_url", options.device_url);
  options.ports_file = words("ports_file", options.ports_file.string());
  options.device_threads = static_cast<int>(reader.optional_integer("device_threads", 256).value_or(0));
  options.telemetry_days = days("telemetry_days", options.telemetry_days);
  options.activity_days = days("activity_days", options.activity_days);
  return reader.finish(std::move(options));
}

}  // namespace hale::fleet
