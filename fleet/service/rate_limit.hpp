#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hale::fleet {

/// Counts failures by key (an address, a name) in a sliding minute. Thread-safe.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  RateLimit(int allowed, std::chrono::seconds window) : allowed_(allowed), window_(window) {}

  /// How long to wait before the next try; zero: go on.
  std::chrono::seconds wait(const std::string& key, Time now) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || now - found->second.since >= window_ || found->second.failures < allowed_)
      return std::chrono::seconds(0);
    return std::chrono::ceil<std::chrono::seconds>(window_ - (now - found->second.since));
  }
  void failed(const std::string& key, Time now) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() > kMaxKeys)
      std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.since >= window_; });
    if (entries_.size() > kMaxKeys) entries_.clear();  // a flood of addresses: forgetting is better than growing
    Entry& entry = entries_[key];
    if (now - entry.since >= window_) entry = {now, 0};
    ++entry.failures;
  }
  void succeeded(const std::string& key) {
    const std::lock_guard lock(mutex_);
    entries_.erase(key);
  }

 private:
  static constexpr std::size_t kMaxKeys = 50'000;
  struct Entry {
    Time since{};
    int failures{0};
  };
  const int allowed_;
  const std::chrono::seconds window_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // guarded by mutex_
};

}  // namespace hale::fleet
