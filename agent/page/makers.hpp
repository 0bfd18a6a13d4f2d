#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace hale::agent {

/// Where a PC's maker helps (agent/page/makers.json).
struct Maker {
  std::string name;
  std::string page;   ///< https address
  std::string phone;  ///< hotline; empty when none is known for this language's country
};
/// By the maker's name as the firmware gives it ("LENOVO", "Dell Inc."); nothing for one that is not in the data.
std::optional<Maker> find_maker(std::string_view vendor, std::string_view language);

}  // namespace hale::agent
