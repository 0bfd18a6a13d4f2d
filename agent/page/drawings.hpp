#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "agent/texts/texts.hpp"

/// Drawings of what a person does at the PC: agent/page/drawings/*.svg, composed of the shapes in parts.svg. Which step
/// has which is agent/page/pictures.json.
namespace hale::agent {

/// "laptop", "tower" or "mini": what is drawn for a PC of this chassis ("desktop", "server", ..., empty when unknown).
std::string_view drawn_chassis(std::string_view chassis);

/// Names of the drawings of a rule's steps: the first step, then the further ones (`detailed`: the long ones). Empty
/// for a rule without.
std::vector<std::string> pictures_of(std::string_view rule, bool detailed);

/// The drawing as inline SVG with its words; empty when there is none of that name. The page must bring
/// drawing_parts().
std::string drawing(std::string_view name, std::string_view chassis, const Texts& texts);
/// What drawings refer to, once a page.
std::string drawing_parts();

/// Every drawing's name, for tests and contact sheets.
std::vector<std::string> drawing_names();

}  // namespace hale::agent
