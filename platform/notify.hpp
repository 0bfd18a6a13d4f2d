#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/finding.hpp"
#include "core/result.hpp"

namespace hale {

/// The desktop's notification service (Linux: org.freedesktop.Notifications through sd-bus; Windows: toast or balloon).
/// Single-threaded: callbacks come from dispatch().
class DesktopNotifier {
 public:
  struct Events {
    std::function<void(const std::string& notification_id, Answer answer)> answered;
    std::function<void(const std::string& notification_id)> closed;  ///< gone without an answer
  };
  static Result<std::unique_ptr<DesktopNotifier>> connect(Events events);
  virtual ~DesktopNotifier() = default;
  virtual Result<> show(const Notification& notification) = 0;
  virtual Result<> withdraw(const std::string& notification_id) = 0;
  virtual int poll_fd() const = 0;     ///< readable when dispatch() has work
  virtual Result<> dispatch() = 0;
};

}  // namespace hale
