#include "fleet/api/downsample.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"

namespace hale::fleet {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCollected = 2'000'000;

std::int64_t seconds_of(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string_view word(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? std::string_view(at->get_ref<const std::string&>())
                                               : std::string_view();
}

std::int64_t round_step(std::int64_t least) {
  static constexpr std::int64_t kRound[] = {1,   5,    10,   15,   30,    60,    300,   600,
                                            900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
  for (const std::int64_t step : kRound) {
    if (step >= least) return step;
  }
  return (least + 86399) / 86400 * 86400;
}

}  // namespace

Result<> collect_points(std::string_view body, const SeriesName& name, Timestamp from, Timestamp to,
                        std::vector<Point>& points, std::int64_t& step_s) {
  const auto item = parse_json(body);
  if (!item) return fail(Error(item.error()).with_context("stored telemetry"));
  try {
    const auto start = parse_rfc3339(item->at("start").get_ref<const std::string&>());
    if (!start) return fail(start.error());
    const auto step = item->at("step_s").get<std::int64_t>();
    const std::int64_t first = seconds_of(*start);
    for (const json& series : item->at("series")) {
      if (word(series, "metric") != name.metric || word(series, "component") != name.component ||
          word(series, "key") != name.key)
        continue;
      const json& offsets = series.at("offsets");
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        const std::int64_t time = first + offsets[i].get<std::int64_t>() * step;
        if (time < seconds_of(from) || time >= seconds_of(to)) continue;
        if (points.size() >= kMaxCollected)
          return fail(Errc::invalid_input, "too many points for one answer; ask for a shorter time");
        points.push_back({time, series.at("min").at(i).get<double>(), series.at("mean").at(i).get<double>(),
                          series.at("max").at(i).get<double>()});
      }
      step_s = std::max(step_s, step);
    }
  } catch (const json::exception& error) {
    return fail(Errc::internal, std::string("stored telemetry: ") + error.what());
  }
  return {};
}

Steps downsample(std::vector<Point> points, std::int64_t data_step_s, Timestamp from, Timestamp to) {
  const std::int64_t range = std::max<std::int64_t>(1, seconds_of(to) - seconds_of(from));
  // Steps begin at whole multiples, so a range may touch one more of them than its length says.
  const auto spread = static_cast<std::int64_t>(kMaxPoints - 1);
  const std::int64_t least = (range + spread - 1) / spread;
  Steps steps;
  steps.step_s =
      std::max<std::int64_t>(1, data_step_s) >= least ? std::max<std::int64_t>(1, data_step_s) : round_step(least);
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.time < b.time; });
  std::int64_t count = 0;
  for (const Point& point : points) {
    const std::int64_t start = point.time - point.time % steps.step_s;
    if (steps.points.empty() || steps.points.back().time != start) {
      steps.points.push_back({start, point.min, point.mean, point.max});
      count = 1;
      continue;
    }
    Point& step = steps.points.back();
    ++count;
    step.min = std::min(step.min, point.min);
    step.max = std::max(step.max, point.max);
    step.mean += (point.mean - step.mean) / static_cast<double>(count);
  }
  return steps;
}

}  // namespace hale::fleet
