#pragma once
#include <string>

#include "agent/texts/texts.hpp"
#include "core/finding.hpp"

namespace hale::agent {

/// A finding's series as an inline SVG with its axis, limits and threshold; empty where a picture says nothing (a
/// single point, or a flat line on its limit).
std::string draw_plot(const Plot& plot, const Texts& texts);

/// A unit as people write it: "Cel" -> "°C", "1" -> "".
std::string unit_for_people(std::string_view unit);
/// "71.5 °C"; numbers with as many digits as help.
std::string number_for_people(double value, std::string_view unit);

}  // namespace hale::agent
