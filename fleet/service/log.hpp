#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

/// Structured lines to stderr: time, level, what, then key="value" pairs. Never a secret: tokens, passwords, cookies,
/// keys and bodies are not logged. Thread-safe; a line is written whole.
namespace hale::fleet::log {

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;
void info(std::string_view what, Fields fields = {});
void warning(std::string_view what, Fields fields = {});
void error(std::string_view what, Fields fields = {});

}  // namespace hale::fleet::log
