#include "agent/page/svg_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "agent/page/html.hpp"
#include "agent/page/svg_axes.hpp"

namespace hale::agent {
namespace {

/// No sensor says more; sums and differences of what is drawn stay finite.
constexpr double kAbsurd = 1e15;

struct Frame {
  double width, height, left, right{14}, top{26}, bottom{30};
  int values, times;
  const char* look;
};
constexpr Frame kWide{.width = 720, .height = 240, .left = 62, .values = 4, .times = 7, .look = "wide"};
constexpr Frame kNarrow{.width = 340, .height = 220, .left = 54, .values = 4, .times = 3, .look = "narrow"};

struct Scale {
  double low{}, high{}, from{}, to{};
  Frame frame;
  double x(double seconds) const {
    return frame.left + (seconds - from) / (to - from) * (frame.width - frame.left - frame.right);
  }
  double y(double value) const {
    return frame.top + (high - value) / (high - low) * (frame.height - frame.top - frame.bottom);
  }
};

Scale scale_of(const Curve& curve, const Frame& frame) {
  Scale scale{.low = curve.points[0].second,
              .high = curve.points[0].second,
              .from = to_unix_seconds(curve.points.front().first),
              .to = to_unix_seconds(curve.points.back().first),
              .frame = frame};
  const auto include = [&](double value) {
    scale.low = std::min(scale.low, value);
    scale.high = std::max(scale.high, value);
  };
  for (const auto& [time, value] : curve.points) include(value);
  if (curve.threshold) include(*curve.threshold);
  if (curve.baseline) include(*curve.baseline);
  if (curve.from_zero) include(0);
  const auto ticks = value_ticks(scale.low, scale.high, frame.values);
  scale.low = ticks.front();
  scale.high = ticks.back();
  if (curve.today && *curve.today > curve.points.back().first) {
    // A little behind the last point is still "now"; far behind, the series has ended and today would only squeeze it.
    const double today = to_unix_seconds(*curve.today);
    if (today - scale.to < (scale.to - scale.from) * 0.25) scale.to = today;
  }
  if (scale.to <= scale.from) scale.to = scale.from + 1;
  return scale;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, escape_html(text));
}

std::string grid(const Scale& scale, const Curve& curve, const Texts& texts) {
  const auto& frame = scale.frame;
  std::string svg;
  for (const double value : value_ticks(scale.low, scale.high, frame.values)) {
    if (value > scale.high * (1 + 1e-9) + 1e-12) break;
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", frame.left, scale.y(value),
                       frame.width - frame.right);
    svg += text_at(frame.left - 7, scale.y(value) + 4, "end", number_for_people(value, ""));
  }
  svg += text_at(frame.left - 7, 14, "end", curve.unit == "1" ? "" : unit_for_people(curve.unit));
  for (const auto& [at, text] : time_ticks(scale.from, scale.to, frame.times, texts)) {
    const double x = scale.x(at);
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}v5\"/>", x, frame.height - frame.bottom);
    if (x < frame.width - 24) svg += text_at(x, frame.height - 10, "middle", text);
  }
  return svg;
}

/// A level across the plot, with its name at the left, above the line where there is room.
std::string level(const Scale& scale, double value, const char* look, std::string_view name) {
  const double y = scale.y(value);
  return fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", look, scale.frame.left, y,
                     scale.frame.width - scale.frame.right) +
         text_at(scale.frame.left + 6, y > scale.frame.top + 14 ? y - 6 : y + 16, "start", name);
}

/// The line itself; where readings were missing for long, it is interrupted.
std::string line(const Scale& scale, const Curve& curve) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < curve.points.size(); ++i)
    steps.push_back(to_unix_seconds(curve.points[i].first) - to_unix_seconds(curve.points[i - 1].first));
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
  const double gap = std::max(steps[steps.size() / 2] * 8, (scale.to - scale.from) / 40);
  std::string path;
  double before = -1e300;
  for (const auto& [time, value] : curve.points) {
    const double at = to_unix_seconds(time);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() || at - before > gap ? "M" : "L", scale.x(at), scale.y(value));
    before = at;
  }
  const auto& last = curve.points.back();
  return fmt::format("<path class=\"curve\" d=\"{}\"/><circle class=\"now\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>",
                     path, scale.x(to_unix_seconds(last.first)), scale.y(last.second));
}

std::string today(const Scale& scale, Timestamp at, const Texts& texts) {
  const double seconds = to_unix_seconds(at);
  if (seconds < scale.from || seconds > scale.to) return {};
  const double x = scale.x(seconds);
  return fmt::format("<path class=\"today\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", x, scale.frame.top,
                     scale.frame.height - scale.frame.bottom) +
         text_at(std::min(x, scale.frame.width - scale.frame.right), 14, "end", texts.get("plot.today"));
}

std::string in_words(const Curve& curve, const Texts& texts) {
  const auto [low, high] =
      std::minmax_element(curve.points.begin(), curve.points.end(),
                          [](const auto& one, const auto& other) { return one.second < other.second; });
  auto words = texts.fill("plot.words", {curve.title, number_for_people(low->second, curve.unit),
                                         number_for_people(high->second, curve.unit),
                                         number_for_people(curve.points.back().second, curve.unit)});
  if (curve.threshold) words += " " + texts.fill("plot.words_limit", {number_for_people(*curve.threshold, curve.unit)});
  return words;
}

std::string draw_in(const Frame& frame, const Curve& curve, const Texts& texts) {
  const auto scale = scale_of(curve, frame);
  auto svg = fmt::format("<svg class=\"plot {}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", frame.look,
                         frame.width, frame.height, escape_html(in_words(curve, texts)));
  svg += grid(scale, curve, texts);
  if (curve.today) svg += today(scale, *curve.today, texts);
  if (curve.baseline) svg += level(scale, *curve.baseline, "baseline", texts.get("plot.usual"));
  if (curve.threshold)
    svg += level(scale, *curve.threshold, "threshold",
                 texts.fill("plot.limit", {number_for_people(*curve.threshold, curve.unit)}));
  return svg + line(scale, curve) + "</svg>";
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

std::string local_clock(Timestamp time) {
  const auto seconds = static_cast<std::time_t>(to_unix_seconds(time));
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}", local.tm_hour, local.tm_min);
}

std::string day_for_people(Timestamp time, const Texts& texts) {
  const auto seconds = static_cast<std::time_t>(to_unix_seconds(time));
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return texts.fill("plot.full_day",
                    {std::to_string(local.tm_year + 1900), texts.get(fmt::format("month.{}", local.tm_mon + 1)),
                     std::to_string(local.tm_mday)});
}

std::string draw_curve(const Curve& given, const Texts& texts) {
  Curve curve = given;
  std::erase_if(curve.points, [](const auto& point) { return !(std::abs(point.second) < kAbsurd); });
  if (curve.threshold && !(std::abs(*curve.threshold) < kAbsurd)) curve.threshold.reset();
  const auto& points = curve.points;
  if (points.size() < 2) return {};
  const bool flat =
      std::all_of(points.begin(), points.end(), [&](const auto& point) { return point.second == points[0].second; });
  if (flat && !curve.from_zero && curve.threshold.value_or(points[0].second) == points[0].second) return {};
  return "<figure><figcaption>" + escape_html(curve.title) + "</figcaption>" + draw_in(kWide, curve, texts) +
         draw_in(kNarrow, curve, texts) + "</figure>\n";
}

std::string draw_plot(const Plot& plot, const Texts& texts, const std::string& title, std::optional<double> baseline,
                      std::optional<Timestamp> today) {
  return draw_curve(
      {.title = title.empty() ? plot.metric + (plot.component.empty() ? "" : " · " + plot.component) : title,
       .unit = plot.unit,
       .points = plot.points,
       .threshold = plot.threshold,
       .baseline = baseline,
       .today = today,
       .from_zero = false},
      texts);
}

}  // namespace hale::agent
