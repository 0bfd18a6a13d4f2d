#include "collectors/disk/smart_reader.hpp"

#include <system_error>
#include <thread>

namespace hale {

void SmartReader::start(const DiskInfo& disk) {
  asking_ = disk.id;
  answer_ = std::make_shared<Answer>();
  const auto ask = [answer = answer_, probe = probe_, smartctl = smartctl_, disk] {
    auto reading = read_smart(disk, *probe, smartctl);
    const std::lock_guard lock(answer->mutex);
    answer->reading = std::move(reading);
    answer->arrived.notify_one();
  };
  try {
    std::thread(ask).detach();
  } catch (const std::system_error& error) {
    const std::lock_guard lock(answer_->mutex);
    answer_->reading = fail(Errc::io, std::string("no thread to ask the disk with: ") + error.what());
  }
}

std::optional<Result<SmartReading>> SmartReader::take(std::chrono::milliseconds patience) {
  if (!answer_) return std::nullopt;
  std::unique_lock lock(answer_->mutex);
  if (!answer_->arrived.wait_for(lock, patience, [this] { return answer_->reading.has_value(); })) return std::nullopt;
  auto reading = std::move(answer_->reading);
  lock.unlock();
  answer_.reset();
  asking_.clear();
  return reading;
}

}  // namespace hale
