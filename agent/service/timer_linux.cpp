#include "agent/service/timer_linux.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace hale::agent {

Timer::Timer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}

Timer::~Timer() {
  if (fd_ >= 0) ::close(fd_);
}

void Timer::arm(std::chrono::milliseconds delay) const {
  const auto ms = std::max<std::int64_t>(delay.count(), 0);
  itimerspec spec{};
  spec.it_value.tv_sec = ms / 1000;
  spec.it_value.tv_nsec = std::max<long>(ms % 1000 * 1'000'000, 1);  // all zero would disarm it
  ::timerfd_settime(fd_, 0, &spec, nullptr);
}

bool Timer::take() const {
  std::uint64_t expirations = 0;
  return ::read(fd_, &expirations, sizeof(expirations)) == sizeof(expirations);
}

}  // namespace hale::agent
