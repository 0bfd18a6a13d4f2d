#pragma once
#include <nlohmann/json_fwd.hpp>

#include "fleet/store/store.hpp"

/// The JSON forms of fleet/openapi.yaml.
namespace hale::fleet {

nlohmann::json view_of(const Device& device);
nlohmann::json view_of(const Transition& transition);
nlohmann::json view_of(const Activity& activity, const Device& device);
nlohmann::json view_of(const Certificate& certificate);
nlohmann::json view_of(const Token& token, Timestamp now);
nlohmann::json view_of(const User& user);
nlohmann::json view_of(const AuditEntry& entry);
nlohmann::json view_of(const Counts& counts, Timestamp now);

}  // namespace hale::fleet
