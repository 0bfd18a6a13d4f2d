#pragma once
#include <string>
#include <string_view>

namespace hale::agent {

/// "zh-CN" for any Chinese locale ("zh_CN.UTF-8", "zh-Hans"), else "en": the two languages that Hale speaks.
std::string language_of_locale(std::string_view locale);
/// Locale of this process: LC_ALL, LC_MESSAGES, LANG; empty when none is set.
std::string environment_locale();
/// Language of the system as its administrator set it (/etc/default/locale, /etc/locale.conf); "en" when nothing is
/// said.
std::string system_language();

}  // namespace hale::agent
