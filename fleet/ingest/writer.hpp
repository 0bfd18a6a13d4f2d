#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fleet/store/store.hpp"

namespace hale::fleet {

/// The only thread that changes the store while the server runs. What is submitted within some milliseconds becomes
/// durable together (one fsync for many batches); only then is each told. Work that fails is undone by itself and the
/// others stand. Thread-safe.
class Writer {
 public:
  struct Options {
    std::chrono::milliseconds gather{6};  ///< how long the first of a group waits for others
    std::size_t max_group{256};
    std::size_t max_queue{4096};  ///< more is refused: the caller answers 503
    std::size_t max_queue_bytes{256u << 20};
  };
  /// Runs on the writer's thread inside the transaction.
  using Work = std::function<Result<>(Store&)>;
  /// Runs on the writer's thread once the work is durable, or has failed. Must not block.
  using Done = std::function<void(Result<>)>;

  Writer(std::unique_ptr<Store> store, Options options);
  explicit Writer(std::unique_ptr<Store> store) : Writer(std::move(store), Options{}) {}
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// False: the queue is full or the writer stops; `done` is then not called. `bytes`: about how much memory the work
  /// holds.
  bool submit(Work work, Done done, std::size_t bytes = 256);
  /// Submits and waits. Not from the writer's own thread, and not from a connection's.
  Result<> run(Work work);
  /// Finishes what was submitted, then ends the thread.
  void stop();

  struct Counters {
    std::atomic<std::uint64_t> groups{0}, works{0}, failed{0}, refused{0}, queued{0};
    std::atomic<std::uint64_t> commit_us{0};  ///< total time from a group's begin to its commit
  };
  const Counters& counters() const { return counters_; }
  /// False after a group could not be made durable, until one could again.
  bool healthy() const { return healthy_; }

 private:
  struct Job {
    Work work;
    Done done;
    std::size_t bytes{};
    Result<> outcome{};
  };
  void loop();
  std::vector<Job> take();
  void write(std::vector<Job>& group);

  std::unique_ptr<Store> store_;  // only on the writer's thread
  const Options options_;
  Counters counters_;
  std::atomic<bool> healthy_{true};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Job> queue_;      // guarded by mutex_
  std::size_t queue_bytes_{0};  // guarded by mutex_
  bool stopping_{false};        // guarded by mutex_
  std::thread thread_;
};

}  // namespace hale::fleet
