#include "fleet/ingest/writer.hpp"

#include <algorithm>
#include <future>
#include <iterator>

namespace hale::fleet {

Writer::Writer(std::unique_ptr<Store> store, Options options)
    : store_(std::move(store)), options_(options), thread_([this] { loop(); }) {}

Writer::~Writer() { stop(); }

bool Writer::submit(Work work, Done done, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.max_queue || queue_bytes_ + bytes > options_.max_queue_bytes) {
      ++counters_.refused;
      return false;
    }
    queue_.push_back({std::move(work), std::move(done), bytes, {}});
    queue_bytes_ += bytes;
    counters_.queued = queue_.size();
  }
  arrived_.notify_one();
  return true;
}

Result<> Writer::run(Work work) {
  auto promise = std::make_shared<std::promise<Result<>>>();
  auto outcome = promise->get_future();
  if (!submit(std::move(work), [promise](Result<> result) { promise->set_value(std::move(result)); })) {
    return fail(Errc::unavailable, "the server is busy or shutting down; try again in a moment");
  }
  return outcome.get();
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::loop() {
  for (;;) {
    auto group = take();
    if (group.empty()) return;
    write(group);
    for (auto& job : group) job.done(std::move(job.outcome));
  }
}

std::vector<Writer::Job> Writer::take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  const auto full = [this] { return stopping_ || queue_.size() >= options_.max_group; };
  if (!full()) arrived_.wait_for(lock, options_.gather, full);
  std::vector<Job> group;
  const std::size_t count = std::min(queue_.size(), options_.max_group);
  group.assign(std::make_move_iterator(queue_.begin()),
               std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(count)));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  for (const auto& job : group) queue_bytes_ -= job.bytes;
  counters_.queued = queue_.size();
  return group;
}

void Writer::write(std::vector<Job>& group) {
  const auto started = std::chrono::steady_clock::now();
  Result<> whole = store_->begin();
  for (std::size_t i = 0; whole && i < group.size(); ++i) {
    Job& job = group[i];
    job.outcome = store_->begin_part();
    if (job.outcome) job.outcome = job.work(*store_);
    if (job.outcome) job.outcome = store_->end_part();
    if (job.outcome) continue;
    ++counters_.failed;
    store_->undo_part();
  }
  if (whole) {
    whole = store_->commit();
  }
  healthy_ = whole.has_value();
  if (!whole) {
    // Nothing of the group is certain: whoever asked tries again, and what did get through is recognised by its id.
    for (auto& job : group) {
      if (job.outcome) job.outcome = fail(whole.error());
    }
  }
  ++counters_.groups;
  counters_.works += group.size();
  const auto took = std::chrono::steady_clock::now() - started;
  counters_.commit_us +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

}  // namespace hale::fleet
