#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "agent/service/haled.hpp"

int main(int argc, char** argv) {
  const auto arguments = hale::agent::parse_haled_arguments(std::vector<std::string>(argv + 1, argv + argc));
  if (!arguments) {
    std::fputs(arguments.error().text.c_str(), arguments.error().exit_code == 0 ? stdout : stderr);
    return arguments.error().exit_code;
  }
  return hale::agent::run_haled(*arguments, [argv] {
    ::execv("/proc/self/exe", argv);
    _exit(1);  // the service manager starts it again
  });
}
