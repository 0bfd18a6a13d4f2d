#pragma once
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>

#include "fleet/http/message.hpp"

/// For the HTTP server's own .cpp files only: Asio's headers are heavy.
namespace hale::fleet {

/// The answer on its way from whichever thread made it back to its session's. One that is never given becomes a 500.
/// Lives and dies on the session's thread; the responder knows it only weakly and may outlive it, but not the
/// io_context.
class Answer : public std::enable_shared_from_this<Answer> {
 public:
  explicit Answer(boost::asio::io_context& io) : io_(io), arrived_(io) {
    arrived_.expires_at(boost::asio::steady_timer::time_point::max());
  }

  Respond responder() {
    return
        [once = std::make_shared<Once>(io_, weak_from_this())](Response response) { once->give(std::move(response)); };
  }

  boost::asio::awaitable<Response> wait() {
    while (!response_) co_await arrived_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return std::move(*response_);
  }

 private:
  class Once {
   public:
    Once(boost::asio::io_context& io, std::weak_ptr<Answer> answer) : io_(io), answer_(std::move(answer)) {}
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    ~Once() { give(problem(500, "Internal error", "The request was dropped inside the server; try again.")); }

    void give(Response response) {
      if (given_.exchange(true)) return;
      boost::asio::post(io_, [answer = answer_, held = std::make_shared<Response>(std::move(response))] {
        const auto self = answer.lock();
        if (!self) return;
        self->response_ = std::move(*held);
        self->arrived_.cancel();
      });
    }

   private:
    boost::asio::io_context& io_;
    std::weak_ptr<Answer> answer_;
    std::atomic<bool> given_{false};
  };

  boost::asio::io_context& io_;
  boost::asio::steady_timer arrived_;
  std::optional<Response> response_;
};

}  // namespace hale::fleet
