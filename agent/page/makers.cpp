#include "agent/page/makers.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"
#include "core/embedded.hpp"

HALE_DECLARE_EMBEDDED(pages)

namespace hale::agent {
namespace {

/// At the beginning of a word, so that "hp" does not find a "Sharp".
bool names(const std::string& vendor, const std::string& match) {
  for (auto at = vendor.find(match); at != std::string::npos; at = vendor.find(match, at + 1))
    if (at == 0 || std::isalnum(static_cast<unsigned char>(vendor[at - 1])) == 0) return true;
  return false;
}

}  // namespace

std::optional<Maker> find_maker(std::string_view vendor, std::string_view language) {
  const auto* file = find_embedded(embedded::pages(), "makers.json");
  const auto all = file != nullptr ? parse_json(file->bytes) : Result<nlohmann::json>(nlohmann::json::array());
  std::string lower(vendor);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!all || lower.empty()) return std::nullopt;
  for (const auto& each : *all) {
    if (!names(lower, text_field(each, "match"))) continue;
    const auto local = each.find(language == "zh-CN" ? "zh-CN" : "en");
    if (local == each.end()) return std::nullopt;
    return Maker{text_field(each, "name"), text_field(*local, "page"), text_field(*local, "phone")};
  }
  return std::nullopt;
}

}  // namespace hale::agent
