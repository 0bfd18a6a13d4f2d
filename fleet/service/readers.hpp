#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "fleet/store/store.hpp"

namespace hale::fleet {

/// A reading connection for whichever thread asks, opened at its first use and kept. Thread-safe; what is given is for
/// that thread alone.
class Readers {
 public:
  using Open = std::function<Result<std::unique_ptr<Store>>()>;
  explicit Readers(Open open) : open_(std::move(open)) {}

  Result<Store*> mine() {
    const auto me = std::this_thread::get_id();
    const std::lock_guard lock(mutex_);
    auto& store = stores_[me];
    if (!store) {
      auto opened = open_();
      if (!opened) return fail(opened.error());
      store = std::move(*opened);
    }
    return store.get();
  }

 private:
  const Open open_;
  std::mutex mutex_;
  std::map<std::thread::id, std::unique_ptr<Store>> stores_;  // guarded by mutex_
};

}  // namespace hale::fleet
