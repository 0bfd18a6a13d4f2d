#pragma once
#include <cstddef>
#include <string_view>

namespace hale::rules {

/// The line (from 1) of a value inside well-formed JSON, by its path ("rules[2].stages[0].hold"). Where a member of the
/// path does not exist, the line of the last one that does. Pure.
std::size_t line_of_path(std::string_view json, std::string_view path);

}  // namespace hale::rules
