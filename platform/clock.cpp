#include "platform/clock.hpp"

namespace hale {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace hale
