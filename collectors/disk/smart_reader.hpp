#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "collectors/disk/disk_smart_linux.hpp"

namespace hale {

/// Asks one disk at a time for its health beside the sweep: a disk may take many seconds for an answer, and the other
/// collectors do not wait for it. The thread lives for one reading only and is left behind when the program ends.
class SmartReader {
 public:
  SmartReader(std::shared_ptr<ProbeClient> probe, std::filesystem::path smartctl)
      : probe_(std::move(probe)), smartctl_(std::move(smartctl)) {}

  /// Id of the disk that is being asked; empty = none.
  const std::string& asking() const { return asking_; }
  /// Begins. Only while none is asked.
  void start(const DiskInfo& disk);
  /// What came of it, waited for so long at most. Nothing: not yet (or none was asked).
  std::optional<Result<SmartReading>> take(std::chrono::milliseconds patience);

 private:
  /// Shared with the thread, which may outlive the reader.
  struct Answer {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<Result<SmartReading>> reading;  ///< guarded by mutex
  };

  std::shared_ptr<ProbeClient> probe_;  ///< used by the thread while one is asked
  std::filesystem::path smartctl_;
  std::string asking_;
  std::shared_ptr<Answer> answer_;
};

}  // namespace hale
