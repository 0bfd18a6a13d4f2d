#pragma once
#include <memory>

namespace hale {

/// One source that knows whether the person at this session wants to be left alone. It exists only while that matters:
/// opening connects, destroying leaves nothing behind. One thread.
class Attention {
 public:
  virtual ~Attention() = default;
  virtual bool is_busy() = 0;       ///< looks now
  virtual int poll_fd() const = 0;  ///< readable when dispatch() has work; -1 = will not change any more
  /// Takes what came; true when is_busy() may say something else now. Call it after is_busy() too.
  virtual bool dispatch() = 0;
};

/// A full-screen program on this session's X server (of Wayland's: those that run under Xwayland). Null without one.
std::unique_ptr<Attention> watch_full_screen();
/// "Do not disturb" of KDE, Xfce and dunst, and on Wayland what keeps GNOME's session from going idle (a film, a
/// presentation). Starts no service. Null without a session bus.
std::unique_ptr<Attention> watch_do_not_disturb();

}  // namespace hale
