#include "agent/service/mailbox.hpp"

#include <utility>

namespace hale::agent {

std::optional<std::string> Mailbox::ask(Work work, std::chrono::milliseconds patience) {
  auto reply = std::make_shared<Reply>();
  post([reply, work = std::move(work)] {
    auto text = work();
    const std::lock_guard lock(reply->mutex);
    reply->text = std::move(text);
    reply->arrived.notify_one();
  });
  std::unique_lock lock(reply->mutex);
  reply->arrived.wait_for(lock, patience, [&] { return reply->text.has_value(); });
  return std::move(reply->text);
}

void Mailbox::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  questions_.push_back({std::move(work)});
  changed_.notify_one();
}

void Mailbox::serve_until(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  for (;;) {
    serve();
    std::unique_lock lock(mutex_);
    const bool something =
        changed_.wait_until(lock, deadline, [&] { return !questions_.empty() || woken_ || stop.stop_requested(); });
    woken_ = false;
    if (!something || stop.stop_requested()) return;
    if (questions_.empty()) return;
  }
}

void Mailbox::serve() {
  for (;;) {
    Question next;
    {
      const std::lock_guard lock(mutex_);
      if (questions_.empty()) return;
      next = std::move(questions_.front());
      questions_.pop_front();
    }
    next.run();
  }
}

void Mailbox::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

}  // namespace hale::agent
