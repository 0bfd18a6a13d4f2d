#pragma once
#include <string>
#include <utility>
#include <vector>

#include "agent/texts/texts.hpp"

namespace hale::agent {

/// Round values that cover [low, high] with about `wanted` steps: the first and last are the axis' ends.
std::vector<double> value_ticks(double low, double high, int wanted);
/// Local moments (Unix seconds) between two, at most `most` of them, each with what to write below it.
std::vector<std::pair<double, std::string>> time_ticks(double from, double to, int most, const Texts& texts);

}  // namespace hale::agent
