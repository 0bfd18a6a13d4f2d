#include "agent/page/svg_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace hale::agent {
namespace {

constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;

double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

double time_step(double rough) {
  for (const double step : {kHour, 2 * kHour, 3 * kHour, 6 * kHour, 12 * kHour, kDay, 2 * kDay, 4 * kDay, 7 * kDay,
                            14 * kDay, 30 * kDay, 61 * kDay, 122 * kDay})
    if (step >= rough) return step;
  return 365 * kDay * std::ceil(rough / (365 * kDay));
}

std::tm local_time_of(double seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm local{};
  ::localtime_r(&time, &local);
  return local;
}

/// The local midnight at or before a moment.
double midnight(double seconds) {
  auto local = local_time_of(seconds);
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  local.tm_isdst = -1;
  return static_cast<double>(std::mktime(&local));
}

}  // namespace

std::vector<double> value_ticks(double low, double high, int wanted) {
  if (!(high > low)) high = low + std::max(1.0, std::abs(low) * 0.1);
  if (!std::isfinite(high - low)) return {low, high};
  const double step = round_step((high - low) / wanted);
  std::vector<double> ticks;
  for (double at = std::floor(low / step + 1e-9); at * step < high + step * (1 - 1e-9) && ticks.size() < 32; ++at)
    ticks.push_back(at * step);
  if (ticks.size() < 2) ticks.push_back(ticks.front() + step);
  return ticks;
}

std::vector<std::pair<double, std::string>> time_ticks(double from, double to, int most, const Texts& texts) {
  std::vector<std::pair<double, std::string>> ticks;
  const double step = time_step((to - from) / most);
  for (double at = midnight(from); at <= to && ticks.size() < 32; at += step) {
    if (at < from) continue;
    const auto local = local_time_of(at + (step >= kDay ? kHour : 0));  // an hour off at a change of summer time
    auto text = step < kDay ? fmt::format("{:02}:{:02}", local.tm_hour, local.tm_min)
                            : texts.fill("plot.day", {texts.get(fmt::format("month.{}", local.tm_mon + 1)),
                                                      std::to_string(local.tm_mday)});
    ticks.emplace_back(at, std::move(text));
  }
  return ticks;
}

}  // namespace hale::agent
