#include "collectors/cpu/cpu_model_linux.hpp"

#include <array>

#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"

namespace hale {

std::string cpu_model(const std::filesystem::path& proc) {
  std::array<char, 4096> buffer{};
  SensorFile file(proc / "cpuinfo");
  const auto text = file.read(buffer);
  if (!text) return {};
  for (const auto line : split(*text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = trim(line.substr(0, colon));
    if (key == "model name" || key == "Hardware" || key == "Model")
      return std::string(trim(sanitize_utf8(line.substr(colon + 1))));
  }
  return {};
}

}  // namespace hale
