#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hale::agent {

/// Runs `hale` with these arguments through pkexec, which asks for an administrator's password in the desktop's own
/// dialogue, and reads its JSON. Only for the installed Hale: pkexec clears the environment. Errors: unavailable
/// without pkexec, permission when the person gave no password, else what `hale` said.
Result<nlohmann::json> run_as_administrator(std::vector<std::string> arguments);

}  // namespace hale::agent
