#include "fleet/service/live.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "fleet/http/event_stream.hpp"

namespace hale::fleet {
namespace {
constexpr std::size_t kMaxRemembered = 200'000;

bool concerns(const std::string& wanted, const std::string& device) { return wanted.empty() || wanted == device; }

template <class Event>
std::string frame(std::uint64_t id, std::string_view type, const Event& data) {
  return "id: " + std::to_string(id) + "\nevent: " + std::string(type) + "\ndata: " + std::string(data) + "\n\n";
}
}  // namespace

void Live::publish(std::string_view type, const std::string& device, std::string_view data) {
  std::vector<std::shared_ptr<EventStream>> to;
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    publish_locked(type, device, data, to);
    text = events_.back().text;
  }
  for (const auto& stream : to) stream->push(text);
}

void Live::publish_locked(std::string_view type, const std::string& device, std::string_view data,
                          std::vector<std::shared_ptr<EventStream>>& to) {
  events_.push_back({next_id_, device, frame(next_id_, type, data)});
  ++next_id_;
  if (events_.size() > options_.kept) events_.pop_front();
  std::erase_if(listeners_, [](const Listener& listener) { return listener.stream.expired(); });
  for (const auto& listener : listeners_) {
    if (auto stream = listener.stream.lock(); stream && concerns(listener.device, device))
      to.push_back(std::move(stream));
  }
}

void Live::publish_rarely(std::string_view type, const std::string& device, Timestamp now, std::string_view data) {
  {
    const std::lock_guard lock(mutex_);
    if (last_rare_.size() > kMaxRemembered) last_rare_.clear();
    Timestamp& last = last_rare_[std::string(type) + '/' + device];
    if (now >= last && now - last < options_.quiet) return;
    last = now;
  }
  publish(type, device, data);
}

std::shared_ptr<EventStream> Live::listen(std::string_view last_id, std::string device, Owner owner) {
  auto stream = std::make_shared<EventStream>();
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const Listener& listener) { return listener.stream.expired(); });
  if (listeners_.size() >= options_.max_listeners) return nullptr;
  stream->push("retry: 3000\n\n");
  if (const auto last = parse_uint(last_id)) {
    const bool kept = *last < next_id_ && (events_.empty() ? *last + 1 == next_id_ : *last + 1 >= events_.front().id);
    if (!kept) stream->push(frame(next_id_ - 1, "reset", std::string_view("{}")));
    for (const Event& event : events_) {
      if (kept && event.id > *last && concerns(device, event.device)) stream->push(event.text);
    }
  }
  listeners_.push_back({stream, std::move(device), std::move(owner)});
  return stream;
}

void Live::close_if(const std::function<bool(const Owner&)>& over) {
  std::vector<std::shared_ptr<EventStream>> ended;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(listeners_, [&](const Listener& listener) {
      if (!over(listener.owner)) return false;
      if (auto stream = listener.stream.lock()) ended.push_back(std::move(stream));
      return true;
    });
  }
  for (const auto& stream : ended) stream->close();
}

void Live::close_session(std::string_view session) {
  close_if([&](const Owner& owner) { return owner.session == session; });
}
void Live::close_user(std::string_view user, std::string_view but_session) {
  close_if(
      [&](const Owner& owner) { return owner.user == user && (but_session.empty() || owner.session != but_session); });
}
void Live::close_all() {
  close_if([](const Owner&) { return true; });
}

std::size_t Live::listeners() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(listeners_.begin(), listeners_.end(),
                                                [](const Listener& listener) { return !listener.stream.expired(); }));
}

}  // namespace hale::fleet
