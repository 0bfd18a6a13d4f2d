#include "agent/service/language.hpp"

#include <cstdlib>

#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale::agent {

std::string language_of_locale(std::string_view locale) {
  const bool chinese =
      locale.starts_with("zh") && (locale.size() == 2 || locale[2] == '_' || locale[2] == '-' || locale[2] == '.');
  return chinese ? "zh-CN" : "en";
}

std::string environment_locale() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

std::string system_language() {
  for (const char* file : {"/etc/default/locale", "/etc/locale.conf"}) {
    const auto text = read_file(file);
    if (!text) continue;
    for (const auto raw : split(*text, '\n')) {
      auto line = trim(raw);
      if (!line.starts_with("LANG=")) continue;
      line.remove_prefix(5);
      if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
      return language_of_locale(line);
    }
  }
  return "en";
}

}  // namespace hale::agent
