#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hale::test {

/// One value that `sensors` printed, in hwmon's own unit: thousandths of a degree, rpm, microwatts, microjoules.
struct PrintedValue {
  std::string attribute;         ///< "temp1"
  std::string label;             ///< empty where `sensors` printed the attribute itself
  std::optional<long long> raw;  ///< nullopt = "N/A"
};

struct PrintedChip {
  std::string name;     ///< "coretemp"
  std::string address;  ///< "isa-0000"
  std::vector<PrintedValue> values;
};

/// Parses the text of `sensors` (several machines one after the other included), or of `sensors -j` when it begins with
/// '{'. Voltages and currents are skipped: Hale does not read them.
std::vector<PrintedChip> parse_sensors(const std::string& text);

/// Lays the chips out as a /sys tree in the text form of tree.hpp. `first` is the number of the first hwmon; with
/// `turned` they are numbered from the end, as another boot might do.
std::string sensors_tree(const std::vector<PrintedChip>& chips, bool turned);

}  // namespace hale::test
