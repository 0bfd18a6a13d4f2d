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
    std::function<void(const std::string& notification_id)> closed;   ///< the person closed it without an answer
    std::function<void(const std::string& notification_id)> expired;  ///< gone by itself, perhaps unseen
    std::function<void()> appeared;  ///< a notification service started, or another one: what was on screen is gone
  };
  /// Errors: unavailable (no session bus).
  static Result<std::unique_ptr<DesktopNotifier>> connect(Events events);
  virtual ~DesktopNotifier() = default;
  /// Shows it, or shows it anew under the same id. Buttons keep their order. Call dispatch() afterwards: answers may
  /// have come meanwhile. Errors: unavailable (no notification service runs; `appeared` tells when one does).
  virtual Result<> show(const Notification& notification) = 0;
  virtual Result<> withdraw(const std::string& notification_id) = 0;
  /// The notification service that runs draws buttons. Errors: unavailable (none runs).
  virtual Result<bool> has_buttons() = 0;
  virtual int poll_fd() const = 0;  ///< readable when dispatch() has work
  /// Errors: unavailable (the session bus is gone: the session ended).
  virtual Result<> dispatch() = 0;
};

}  // namespace hale
