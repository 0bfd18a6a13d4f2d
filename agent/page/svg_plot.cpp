#include "agent/page/svg_plot.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/page/html.hpp"

namespace hale::agent {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 240;
constexpr double kLeft = 64;
constexpr double kRight = 12;
constexpr double kTop = 16;
constexpr double kBottom = 28;

struct Scale {
  double low{}, high{}, from{}, to{};
  double x(double seconds) const { return kLeft + (seconds - from) / (to - from) * (kWidth - kLeft - kRight); }
  double y(double value) const { return kTop + (high - value) / (high - low) * (kHeight - kTop - kBottom); }
};

Scale scale_of(const Plot& plot) {
  Scale scale{plot.points[0].second, plot.points[0].second, to_unix_seconds(plot.points.front().first),
              to_unix_seconds(plot.points.back().first)};
  for (const auto& [time, value] : plot.points) {
    scale.low = std::min(scale.low, value);
    scale.high = std::max(scale.high, value);
  }
  if (plot.threshold) {
    scale.low = std::min(scale.low, *plot.threshold);
    scale.high = std::max(scale.high, *plot.threshold);
  }
  const double margin = scale.high > scale.low ? (scale.high - scale.low) * 0.06 : 1;
  scale.low -= margin;
  scale.high += margin;
  if (scale.to <= scale.from) scale.to = scale.from + 1;
  return scale;
}

std::string day_label(double seconds, bool with_time) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm local{};
  ::localtime_r(&time, &local);
  return with_time ? fmt::format("{:%m-%d %H:%M}", local) : fmt::format("{:%Y-%m-%d}", local);
}

}  // namespace

std::string unit_for_people(std::string_view unit) {
  if (unit == "Cel") return "°C";
  if (unit == "1" || unit == "{cycle}") return "";
  if (unit == "By") return "bytes";
  return std::string(unit);
}

std::string number_for_people(double value, std::string_view unit) {
  const double size = std::abs(value);
  const bool whole = value == std::floor(value) && size < 1e15;
  const auto digits = whole         ? fmt::format("{:.0f}", value)
                      : size >= 100 ? fmt::format("{:.0f}", value)
                      : size >= 1   ? fmt::format("{:.1f}", value)
                                    : fmt::format("{:.3g}", value);
  const auto name = unit_for_people(unit);
  return name.empty() ? digits : digits + " " + name;
}

std::string draw_plot(const Plot& plot, const Texts& texts) {
  const bool flat = std::all_of(plot.points.begin(), plot.points.end(),
                                [&](const auto& point) { return point.second == plot.points[0].second; });
  if (plot.points.size() < 2 || (flat && plot.threshold.value_or(plot.points[0].second) == plot.points[0].second))
    return {};
  const auto scale = scale_of(plot);
  std::string line;
  for (const auto& [time, value] : plot.points)
    if (std::isfinite(value))
      line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", scale.x(to_unix_seconds(time)), scale.y(value));
  const auto name = escape_html(plot.metric + (plot.component.empty() ? "" : " · " + plot.component));
  std::string svg = fmt::format(
      "<figure style=\"margin:1rem 0\"><figcaption class=\"soft\">{}</figcaption><svg viewBox=\"0 0 {} {}\" "
      "role=\"img\" aria-label=\"{}\">",
      name, kWidth, kHeight, name);
  for (int i = 0; i <= 4; ++i) {
    const double value = scale.low + (scale.high - scale.low) * i / 4;
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--line)\"/><text x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        kLeft, kWidth - kRight, scale.y(value), kLeft - 6, scale.y(value) + 4,
        escape_html(number_for_people(value, plot.unit)));
  }
  if (plot.threshold) {
    const double y = scale.y(*plot.threshold);
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--urgent)\" stroke-dasharray=\"6 "
        "4\"/><text x=\"{1}\" y=\"{3:.1f}\" text-anchor=\"end\">{4}</text>",
        kLeft, kWidth - kRight, y, y > kTop + 16 ? y - 5 : y + 14, escape_html(texts.get("page.limit")));
  }
  svg += fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"var(--accent)\" stroke-width=\"2\" stroke-linejoin=\"round\"/>", line);
  const bool short_span = scale.to - scale.from < 3 * 86'400;
  svg += fmt::format(
      "<text x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text></svg></figure>", kLeft,
      kHeight - 8, day_label(scale.from, short_span), kWidth - kRight, kHeight - 8, day_label(scale.to, short_span));
  return svg;
}

}  // namespace hale::agent
