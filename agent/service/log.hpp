#pragma once
#include <string_view>

namespace hale::agent {

/// One line to standard error, which the service manager's log takes ("<4>" and so on are its levels; left out on a
/// terminal). Thread-safe. For changes of state only, never once a sweep.
void log_error(std::string_view text);
void log_warning(std::string_view text);
void log_info(std::string_view text);

}  // namespace hale::agent
