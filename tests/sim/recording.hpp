#pragma once
#include <filesystem>

#include "core/result.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/simulation.hpp"

namespace hale::sim {

/// Lives through a scenario and writes what its agent would have recorded (docs/recordings.md); a name ending in .gz is
/// compressed. Returns the simulation, for the truth beside it.
Result<Simulation> write_recording(const Scenario& scenario, const std::filesystem::path& file);

}  // namespace hale::sim
