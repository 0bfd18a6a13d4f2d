#include "agent/texts/texts.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/embedded.hpp"

HALE_DECLARE_EMBEDDED(agent_texts)

namespace hale::agent {

Texts::Texts(std::string_view language) {
  const auto* file = find_embedded(embedded::agent_texts(), language == "zh-CN" ? "zh-CN.json" : "en.json");
  if (file != nullptr) add(file->bytes);
}

void Texts::add(std::string_view json) {
  const auto document = parse_json(json);
  if (!document || !document->is_object()) return;
  for (const auto& [key, value] : document->items())
    if (value.is_string()) texts_[key] = value.get<std::string>();
}

std::optional<std::string> Texts::find(std::string_view key) const {
  const auto found = texts_.find(key);
  return found != texts_.end() ? std::optional(found->second) : std::nullopt;
}

std::string Texts::get(std::string_view key) const { return find(key).value_or(std::string(key)); }

std::string Texts::fill(std::string_view key, std::initializer_list<std::string_view> values) const {
  const auto pattern = get(key);
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool placeholder = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}' &&
                             pattern[i + 1] >= '0' && pattern[i + 1] <= '9';
    if (!placeholder) {
      out.push_back(pattern[i]);
      continue;
    }
    const auto index = static_cast<std::size_t>(pattern[i + 1] - '0');
    if (index < values.size()) out.append(*(values.begin() + index));
    i += 2;
  }
  return out;
}

}  // namespace hale::agent
