#include "fleet/http/event_stream.hpp"

#include <string_view>
#include <utility>

namespace hale::fleet {

bool EventStream::push(std::string_view text) {
  std::function<void()> wake;
  bool open = false;
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    if (pending_.size() + text.size() > max_pending_) {
      open_ = false;
    } else {
      pending_ += text;
    }
    open = open_;
    wake = wake_;
  }
  if (wake) wake();
  return open;
}

void EventStream::close() {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    wake = wake_;
  }
  if (wake) wake();
}

std::string EventStream::take(bool& open) {
  const std::lock_guard lock(mutex_);
  open = open_;
  return std::exchange(pending_, {});
}

void EventStream::on_ready(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

}  // namespace hale::fleet
