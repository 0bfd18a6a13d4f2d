#include "uploader/drain.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/copy_statement.hpp"
#include "core/text.hpp"
#include "platform/compression.hpp"
#include "uploader/enrolment.hpp"

namespace hale {
namespace {

constexpr std::uint32_t kTimeout = 60;  ///< s
constexpr std::size_t kMaxAnswer = 4u << 20;

std::uint64_t count_known(const Outbox::Batch& batch, const std::vector<std::string>& ids) {
  std::set<std::string_view> known;
  for (const auto& item : batch.items) known.insert(item.id);
  std::uint64_t count = 0;
  for (const auto& id : ids) count += known.erase(id);
  return count;
}

std::vector<std::string> ids_of(const std::vector<RejectedItem>& items) {
  std::vector<std::string> ids;
  for (const auto& item : items) ids.push_back(item.id);
  return ids;
}

}  // namespace

Drain::Drain(Outbox& outbox, HttpClient& client, std::string fleet_url, std::string device_id, const Clock& clock,
             const std::atomic<bool>* cancel, Limits limits)
    : outbox_(outbox),
      client_(client),
      url_(std::move(fleet_url) + "/v1/device/batches"),
      device_id_(std::move(device_id)),
      clock_(clock),
      cancel_(cancel),
      limits_(limits),
      max_items_(limits.max_items) {}

Drained Drain::run() {
  so_far_ = {};
  while (true) {
    if (cancel_ != nullptr && cancel_->load()) {
      stop(DrainEnd::interrupted, "interrupted");
      return so_far_;
    }
    const auto batch = outbox_.take(clock_.now(), max_items_, limits_.max_bytes);
    if (!batch) {
      stop(DrainEnd::later, "outbox: " + batch.error().message);
      return so_far_;
    }
    if (!*batch || !send_one(**batch)) return so_far_;
  }
}

bool Drain::send_one(const Outbox::Batch& batch) {
  auto response = post(batch);
  if (response && response->status == 415 && compress_) {
    compress_ = false;
    response = post(batch);
  }
  if (response) return take_answer(batch, *response);
  const bool cancelled = cancel_ != nullptr && cancel_->load();
  return stop(cancelled ? DrainEnd::interrupted : DrainEnd::later, response.error().message);
}

Result<HttpResponse> Drain::post(const Outbox::Batch& batch) {
  HttpRequest request;
  request.url = url_;
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  request.timeout_s = kTimeout;
  request.max_response = kMaxAnswer;
  request.cancel = cancel_;
  request.body = encode(Envelope{kWireSchema, device_id_, batch.id, batch.created, batch.items, batch.after});
  auto small = compress_ ? zstd_compress(request.body) : std::string{};
  if (!small.empty()) {
    request.headers.emplace_back("Content-Encoding: zstd");
    request.body = std::move(small);
  }
  return client_.send(request);
}

bool Drain::take_answer(const Outbox::Batch& batch, const HttpResponse& response) {
  switch (response.status) {
    case 200:
    case 201:
    case 202:
      return settle(batch, response.body);
    case 400:
    case 413:
    case 422:
      return split(batch, response);
    case 401:
      return stop(DrainEnd::revoked, "the fleet no longer accepts this PC: its certificate is revoked or unknown (" +
                                         describe_answer(response) + "); ask the fleet's administrator");
    case 403:
      return stop(DrainEnd::later,
                  "the fleet says that these data belong to another device (" + describe_answer(response) + ")");
    case 409:
      if (problem_type(response) == kCopied)
        return stop(DrainEnd::copied, "another PC uploads with this identity (" + describe_answer(response) + ")");
      break;
    default:
      break;
  }
  so_far_.retry_after_s = response.retry_after_s;
  if (response.status >= 300 && response.status < 400) {
    return stop(DrainEnd::later, "the fleet's address answers with a redirect (" + std::to_string(response.status) +
                                     "), which Hale does not follow");
  }
  return stop(DrainEnd::later, "the fleet cannot take uploads now (" + describe_answer(response) + ")");
}

bool Drain::settle(const Outbox::Batch& batch, const std::string& body) {
  const auto delivery = decode_delivery(body);
  if (!delivery)
    return stop(DrainEnd::later,
                "the fleet's answer is not understood: " + sanitize_utf8(delivery.error().message, 300));
  if (auto done = outbox_.settle(batch, *delivery, clock_.now()); !done)
    return stop(DrainEnd::later, "outbox: " + done.error().message);
  so_far_.sent += count_known(batch, delivery->accepted);
  so_far_.set_aside += count_known(batch, ids_of(delivery->rejected));
  max_items_ = std::min(limits_.max_items, max_items_ * 2);
  so_far_.retry_after_s = delivery->retry_after_s;
  if (!delivery->retry_after_s || *delivery->retry_after_s == 0) return true;
  return stop(DrainEnd::later, {});
}

bool Drain::split(const Outbox::Batch& batch, const HttpResponse& response) {
  if (batch.items.size() > 1) {
    if (auto done = outbox_.release(batch); !done) return stop(DrainEnd::later, "outbox: " + done.error().message);
    max_items_ = std::max<std::size_t>(1, batch.items.size() / 2);
    return true;
  }
  Delivery refused;
  refused.rejected.push_back({batch.items.front().id, "the fleet refused it (" + describe_answer(response) + ")"});
  if (auto done = outbox_.settle(batch, refused, clock_.now(), false); !done)
    return stop(DrainEnd::later, "outbox: " + done.error().message);
  ++so_far_.set_aside;
  max_items_ = std::min(limits_.max_items, max_items_ * 2);
  return true;
}

bool Drain::stop(DrainEnd end, std::string error) {
  so_far_.end = end;
  so_far_.error = std::move(error);
  return false;
}

}  // namespace hale
