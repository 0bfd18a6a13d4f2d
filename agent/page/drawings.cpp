#include "agent/page/drawings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/page/html.hpp"
#include "core/codec.hpp"
#include "core/embedded.hpp"

HALE_DECLARE_EMBEDDED(pages)

namespace hale::agent {
namespace {

constexpr std::string_view kFolder = "drawings/";
constexpr std::string_view kEnding = ".svg";

std::string_view file(const std::string& name) {
  const auto* found = find_embedded(embedded::pages(), name);
  return found != nullptr ? found->bytes : std::string_view();
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// What lies between the outermost <svg ...> and </svg>, comments left out.
std::string inside(std::string_view svg) {
  const auto open = svg.find("<svg");
  const auto begin = open == std::string_view::npos ? open : svg.find('>', open);
  const auto end = svg.rfind("</svg>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  std::string body(svg.substr(begin + 1, end - begin - 1));
  for (auto at = body.find("<!--"); at != std::string::npos; at = body.find("<!--", at)) {
    const auto close = body.find("-->", at);
    body.erase(at, close == std::string::npos ? close : close + 3 - at);
  }
  return body;
}

}  // namespace

std::string_view drawn_chassis(std::string_view chassis) {
  if (chassis == "laptop" || chassis == "tablet") return "laptop";
  return chassis == "mini" ? "mini" : "tower";
}

std::vector<std::string> pictures_of(std::string_view rule, bool detailed) {
  static const nlohmann::json all = parse_json(file("pictures.json")).value_or(nlohmann::json::object());
  std::vector<std::string> names;
  const auto found = all.find(std::string(rule));
  if (found == all.end()) return names;
  const auto steps = found->find("steps");
  const auto further = found->find("detailed");
  if (steps == found->end() || (detailed && further == found->end())) return names;
  for (const auto& each : *steps) {
    names.push_back(each.get<std::string>());
    if (detailed) break;  // the first step stands before the long ones as well
  }
  if (detailed)
    for (const auto& each : *further) names.push_back(each.get<std::string>());
  return names;
}

std::string drawing(std::string_view name, std::string_view chassis, const Texts& texts) {
  const std::string path = std::string(kFolder) + std::string(name);
  auto svg = file(path + "." + std::string(chassis) + std::string(kEnding));
  if (svg.empty()) svg = file(path + std::string(kEnding));
  if (svg.empty() || name == "parts") return {};
  auto body = inside(svg);
  replace_all(body, "#d-machine", "#d-" + std::string(chassis));
  replace_all(body, "#d-inside", "#d-" + std::string(chassis) + "-open");
  return "<svg class=\"drawing\" viewBox=\"0 0 240 160\" role=\"img\" aria-label=\"" +
         escape_html(texts.get("picture." + std::string(name))) + "\">" + body + "</svg>";
}

std::string drawing_parts() {
  return "<svg class=\"parts\" aria-hidden=\"true\"><defs>" + inside(file(std::string(kFolder) + "parts.svg")) +
         "</defs></svg>\n";
}

std::vector<std::string> drawing_names() {
  std::vector<std::string> names;
  for (const auto& each : embedded::pages()) {
    if (!each.name.starts_with(kFolder)) continue;
    auto name = std::string(each.name.substr(kFolder.size()));
    name.resize(name.find('.'));
    if (name != "parts" && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace hale::agent
