#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/texts/texts.hpp"

namespace hale::agent {

/// What left this PC and what waits: from the replies to `privacy` and `uploads` (null when the reader may not see the
/// exact contents).
std::string render_uploads_page(const nlohmann::json& privacy, const nlohmann::json& uploads,
                                const std::string& language, const Texts& texts);

}  // namespace hale::agent
