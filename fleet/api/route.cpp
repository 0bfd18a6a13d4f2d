#include "fleet/api/route.hpp"

#include "core/text.hpp"

namespace hale::fleet {

std::string_view Call::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::patch:
      return "PATCH";
    case Method::remove:
      return "DELETE";
    case Method::other:
      return "OTHER";
  }
  return {};
}

namespace {
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = split(pattern, '/');
  const auto parts = split(path, '/');
  if (wanted.size() != parts.size()) return std::nullopt;
  std::vector<std::string> found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (wanted[i] != "{}") {
      if (wanted[i] != parts[i]) return std::nullopt;
      continue;
    }
    auto decoded = percent_decode(parts[i]);
    if (!decoded || decoded->empty() || decoded->size() > 200) return std::nullopt;
    found.push_back(std::move(*decoded));
  }
  return found;
}
}  // namespace

Match find_route(std::span<const Route> routes, Method method, std::string_view path) {
  Match result;
  for (const Route& route : routes) {
    auto found = match(route.pattern, path);
    if (!found) continue;
    if (route.method == method) return {&route, std::move(*found), {}};
    if (!result.allow.empty()) result.allow += ", ";
    result.allow += to_string(route.method);
  }
  return result;
}

}  // namespace hale::fleet
