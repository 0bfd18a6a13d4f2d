#include "fleet/http/message.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.hpp"

namespace hale::fleet {

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string_view Request::cookie(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key != "cookie") continue;
    for (const std::string_view part : split(value, ';')) {
      const std::string_view pair = trim(part);
      const auto equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return {};
}

Response problem(int status, std::string_view title, std::string_view detail, std::string_view type) {
  const nlohmann::json body = {{"type", type},
                               {"title", sanitize_utf8(title, 200)},
                               {"status", status},
                               {"detail", sanitize_utf8(detail, 2000)}};
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = body.dump();
  return response;
}

Response busy(int status, std::string_view detail, std::chrono::seconds retry_after) {
  Response response = problem(status, status == 429 ? "Too many requests" : "Not now", detail);
  response.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
  return response;
}

namespace {
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::optional<Parameters> parse_query(std::string_view query) {
  Parameters parameters;
  if (query.empty()) return parameters;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    if (parameters.size() == 64) return std::nullopt;
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

}  // namespace hale::fleet
