#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hale::agent {

/// A child that runs beside the control thread's poll loop. Not thread-safe.
class Child {
 public:
  static Result<std::unique_ptr<Child>> start(const std::filesystem::path& program,
                                              const std::vector<std::string>& arguments);
  virtual ~Child() = default;  ///< a child still running is ended and reaped
  /// Its standard output: readable when there is something, hung up at its end.
  virtual int output_fd() const = 0;
  /// Reads what is there; false once its output has ended. At most 64 KiB are kept, the newest.
  virtual bool read_output() = 0;
  virtual const std::string& output() const = 0;
  /// Reaps it after its output ended (waits for the little that is left) and gives its exit code; 128 + signal when
  /// killed.
  virtual int wait() = 0;
  virtual void terminate() = 0;
};

}  // namespace hale::agent
