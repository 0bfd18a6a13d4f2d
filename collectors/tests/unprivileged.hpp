#pragma once
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

namespace hale::test {

/// Gives up root's right to read everything, for as long as it lives.
class Unprivileged {
 public:
  Unprivileged() : root_(geteuid() == 0) {
    if (root_) REQUIRE(seteuid(65534) == 0);
  }
  ~Unprivileged() {
    if (root_ && seteuid(0) != 0) std::abort();
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  bool root_;
};

}  // namespace hale::test
