#pragma once
#include "tests/sim/scenario.hpp"

namespace hale::sim {

/// What happens to every PC: monthly updates, a vacation, now and then a firmware update that changes nothing.
void draw_everyday(Scenario& scenario, Random& random);
/// What scenario.what names: something that looks like trouble to somebody and is none.
void draw_stress(Scenario& scenario, Random& random);

}  // namespace hale::sim
