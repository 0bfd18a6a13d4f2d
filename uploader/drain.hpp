#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "platform/clock.hpp"
#include "platform/http_client.hpp"
#include "uploader/outbox.hpp"

namespace hale {

/// How a drain of the outbox ended.
enum class DrainEnd : std::uint8_t {
  empty,        ///< nothing is due any more
  later,        ///< the network or the server was in the way; everything not settled stays
  revoked,      ///< the fleet answered 401
  copied,       ///< the fleet answered that another PC uploads with this identity
  interrupted,  ///< the caller cancelled
};

struct Drained {
  DrainEnd end{DrainEnd::empty};
  std::uint64_t sent{};
  std::uint64_t set_aside{};
  std::string error;                           ///< for people; empty when there was none
  std::optional<std::uint32_t> retry_after_s;  ///< what the server asked for
};

/// Sends batch after batch until nothing is due or something is in the way. What the server refuses as a whole (400,
/// 413, 422) is sent again in halves until the item that is refused alone is found and set aside. Belongs to one
/// thread.
class Drain {
 public:
  struct Limits {
    std::size_t max_items{500};
    std::size_t max_bytes{1u << 20};  ///< of bodies, before compression
  };
  Drain(Outbox& outbox, HttpClient& client, std::string fleet_url, std::string device_id, const Clock& clock,
        const std::atomic<bool>* cancel)
      : Drain(outbox, client, std::move(fleet_url), std::move(device_id), clock, cancel, Limits{}) {}
  Drain(Outbox& outbox, HttpClient& client, std::string fleet_url, std::string device_id, const Clock& clock,
        const std::atomic<bool>* cancel, Limits limits);
  Drained run();

 private:
  Result<HttpResponse> post(const Outbox::Batch& batch);
  /// True: go on with the next batch. False: `so_far_` says why not.
  bool send_one(const Outbox::Batch& batch);
  bool take_answer(const Outbox::Batch& batch, const HttpResponse& response);
  bool settle(const Outbox::Batch& batch, const std::string& body);
  bool split(const Outbox::Batch& batch, const HttpResponse& response);
  bool stop(DrainEnd end, std::string error);

  Outbox& outbox_;
  HttpClient& client_;
  std::string url_;
  std::string device_id_;
  const Clock& clock_;
  const std::atomic<bool>* cancel_;
  Limits limits_;
  std::size_t max_items_;
  bool compress_{true};
  Drained so_far_;
};

}  // namespace hale
