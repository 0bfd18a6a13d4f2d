#include "fleet/main/commands.hpp"

int main(int argc, char** argv) { return hale::fleet::run_commands(argc, argv); }
