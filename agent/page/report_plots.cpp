#include "agent/page/report_plots.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/page/html.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr int kWeekDays = 7;
constexpr int kYearDays = 400;
constexpr std::size_t kMostSeries = 16;  ///< of one request
constexpr std::size_t kMostPoints = 2000;

/// What is worth a picture, in the order of the page.
struct Shown {
  const char* metric;
  const char* key;
  int days;
  std::size_t most;
  double scale;      ///< shares are shown in percent
  const char* unit;  ///< after scaling
  bool from_zero;
};
constexpr Shown kShown[] = {
    {"hw.temperature", "", kWeekDays, 4, 1, "Cel", false},
    {"hw.fan.speed", "", kWeekDays, 3, 1, "rpm", true},
    {"hw.power", "", kWeekDays, 2, 1, "W", true},
    {"hw.physical_disk.nvme", "percentage_used", kYearDays, 3, 1, "%", true},
    {"hw.physical_disk.smart", "5", kYearDays, 3, 1, "1", true},
    {"hw.battery.capacity.full", "", kYearDays, 2, 1, "Wh", true},
    {"system.filesystem.utilization", "", kYearDays, 3, 100, "%", true},
};

std::optional<double> number_field(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

json list_field(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::optional<double> latest(const json& component, std::string_view metric, std::string_view key) {
  for (const auto& reading : list_field(component, "readings"))
    if (text_field(reading, "metric") == metric && text_field(reading, "key") == key)
      return number_field(reading, "value");
  return std::nullopt;
}

/// The hottest die before the board's zones: those are what the person's plots begin with.
int rank(const json& component) {
  const auto type = text_field(component, "type");
  if (type == "cpu") return 0;
  if (type == "gpu") return 1;
  return type == "physical_disk" || type == "battery" ? 2 : 3;
}

std::vector<json> by_rank(const json& components) {
  std::vector<json> all;
  for (const auto& each : list_field(components, "components"))
    if (each.is_object()) all.push_back(each);
  std::stable_sort(all.begin(), all.end(), [](const json& one, const json& other) { return rank(one) < rank(other); });
  return all;
}

std::string name_of(const json& component) {
  const auto name = text_field(component, "name");
  return name.empty() ? text_field(component, "id") : name;
}

Curve curve_of(const Shown& shown, const json& component, const json& points, const Texts& texts) {
  Curve curve{.title = texts.get(std::string("metric.") + shown.metric +
                                 (*shown.key != '\0' ? std::string(".") + shown.key : std::string())) +
                       " · " + name_of(component),
              .unit = shown.unit,
              .points = {},
              .threshold = {},
              .baseline = {},
              .today = {},
              .from_zero = shown.from_zero};
  const std::string_view metric = shown.metric;
  double scale = shown.scale;
  if (metric == "hw.battery.capacity.full") {
    const auto design = latest(component, "hw.battery.capacity.design", "");
    if (design && *design > 0) {
      scale = 100 / *design;
      curve.unit = "%";
    }
  }
  for (const auto& point : points) {
    if (!point.is_array() || point.size() < 2 || !point[0].is_number() || !point[1].is_number()) continue;
    if (curve.points.size() < kMostPoints)
      curve.points.emplace_back(from_unix_ms(static_cast<std::int64_t>(point[0].get<double>()) * 1000),
                                point[1].get<double>() * scale);
  }
  if (metric == "hw.temperature") curve.threshold = latest(component, "hw.temperature.limit", "critical");
  return curve;
}

}  // namespace

std::vector<json> history_requests(const json& components) {
  std::vector<json> requests;
  for (const int days : {kWeekDays, kYearDays}) {
    json series = json::array();
    for (const auto& shown : kShown) {
      if (shown.days != days) continue;
      std::size_t taken = 0;
      for (const auto& component : by_rank(components)) {
        if (taken == shown.most || series.size() == kMostSeries) break;
        if (!latest(component, shown.metric, shown.key)) continue;
        series.push_back({{"metric", shown.metric}, {"component", text_field(component, "id")}, {"key", shown.key}});
        ++taken;
      }
    }
    if (!series.empty()) requests.push_back({{"do", "history"}, {"days", days}, {"series", series}});
  }
  return requests;
}

std::string history_section(const json& history, const json& components, const Texts& texts) {
  std::string week;
  std::string year;
  const auto all = by_rank(components);
  for (const auto& shown : kShown) {
    for (const auto& each : history.is_array() ? history : json::array()) {
      if (text_field(each, "metric") != shown.metric || text_field(each, "key") != shown.key) continue;
      const auto component = std::find_if(all.begin(), all.end(), [&](const json& one) {
        return text_field(one, "id") == text_field(each, "component");
      });
      if (component == all.end()) continue;
      (shown.days == kWeekDays ? week : year) +=
          draw_curve(curve_of(shown, *component, list_field(each, "points"), texts), texts);
    }
  }
  std::string html = heading(texts.get("report.history"));
  if (week.empty() && year.empty()) return html + paragraph(texts.get("report.no_history"));
  if (!week.empty()) html += "<h3>" + escape_html(texts.get("report.week")) + "</h3>\n" + week;
  if (!year.empty()) html += "<h3>" + escape_html(texts.get("report.year")) + "</h3>\n" + year;
  return html;
}

}  // namespace hale::agent
