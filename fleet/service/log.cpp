#include "fleet/service/log.hpp"

#include <chrono>
#include <cstdio>

#include "core/text.hpp"
#include "core/time.hpp"

namespace hale::fleet::log {
namespace {

void write(std::string_view level, std::string_view what, Fields fields) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::string line = "time=" + to_rfc3339(now) + " level=" + std::string(level) + " msg=\"" + std::string(what) + '"';
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += "=\"";
    for (const char c : sanitize_utf8(value, 1000)) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void info(std::string_view what, Fields fields) { write("info", what, fields); }
void warning(std::string_view what, Fields fields) { write("warning", what, fields); }
void error(std::string_view what, Fields fields) { write("error", what, fields); }

}  // namespace hale::fleet::log
