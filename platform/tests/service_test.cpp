#include "platform/service.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "platform/clock.hpp"
#include "platform/local_socket_linux.hpp"
#include "tests/support/data.hpp"

using namespace hale;

TEST_CASE("the service manager is told on its socket") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "notify";
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = make_socket_address(path);
  REQUIRE(::bind(manager, socket_address(*address), sizeof(*address)) == 0);
  const timeval patience{2, 0};
  ::setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const auto heard = [&] {
    char buffer[256];
    const ssize_t count = ::recv(manager, buffer, sizeof(buffer), 0);
    return std::string(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
  };
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  notify_ready();
  CHECK(heard() == "READY=1");
  notify_status("two\nlines");
  CHECK(heard() == "STATUS=two lines");
  notify_watchdog();
  CHECK(heard() == "WATCHDOG=1");
  notify_stopping();
  CHECK(heard() == "STOPPING=1");
  ::close(manager);
  notify_ready();  // nobody listens any more
  ::unsetenv("NOTIFY_SOCKET");
  notify_ready();  // nobody ever did
}

TEST_CASE("the system's clock tells whole milliseconds and never steps back steadily") {
  const auto first = system_clock().steady();
  CHECK(system_clock().now() > from_unix_ms(1'600'000'000'000));
  CHECK(system_clock().steady() >= first);
}
