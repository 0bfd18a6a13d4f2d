#pragma once

namespace hale::fleet {

/// hale-fleet's command line. Exit code: 0 ok, 1 failed, 2 bad usage or input.
int run_commands(int argc, char** argv);

}  // namespace hale::fleet
