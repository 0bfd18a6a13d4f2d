#pragma once
#include "core/result.hpp"
#include "fleet/main/options.hpp"

namespace hale::fleet {

/// Runs both listeners until SIGTERM or SIGINT: then stops accepting, answers what was accepted and returns. Prints a
/// line when ready. Call from the main thread before any other thread was started: the signals are blocked for all of
/// them.
Result<> serve(const ServeOptions& options);

}  // namespace hale::fleet
