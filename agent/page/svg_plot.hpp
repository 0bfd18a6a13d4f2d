#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/texts/texts.hpp"
#include "core/finding.hpp"

namespace hale::agent {

/// One line over time, as a picture for people.
struct Curve {
  std::string title;
  std::string unit;  ///< as metrics name it: "Cel"
  std::vector<std::pair<Timestamp, double>> points;
  std::optional<double> threshold;
  std::optional<double> baseline;  ///< what is usual here
  std::optional<Timestamp> today;  ///< marked when it lies within, or just behind, the points
  bool from_zero{false};           ///< shares and wear: the axis begins at 0
};

/// The curve as inline SVG with axes, units, threshold, baseline and today, told apart by dashes and words rather than
/// by colour; once for wide screens and paper, once for narrow screens. Empty where a picture says nothing (a single
/// point, or a flat line on its limit).
std::string draw_curve(const Curve& curve, const Texts& texts);
/// A finding's series.
std::string draw_plot(const Plot& plot, const Texts& texts, const std::string& title = {},
                      std::optional<double> baseline = {}, std::optional<Timestamp> today = {});

/// A unit as people write it: "Cel" -> "°C", "1" -> "".
std::string unit_for_people(std::string_view unit);
/// "71.5 °C"; numbers with as many digits as help.
std::string number_for_people(double value, std::string_view unit);
/// "14:05", in local time.
std::string local_clock(Timestamp time);
/// "12 Mar 2027" or "2027年3月12日", in local time.
std::string day_for_people(Timestamp time, const Texts& texts);

}  // namespace hale::agent
