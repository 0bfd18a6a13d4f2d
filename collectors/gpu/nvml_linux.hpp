#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/result.hpp"

namespace hale {

/// What NVML says of one GPU; each number may be missing on its own.
struct NvmlSample {
  std::string name;
  std::optional<double> temperature;  ///< Cel
  std::optional<double> critical;     ///< Cel, where it shuts down
  std::optional<double> power;        ///< W
  std::optional<double> utilization;  ///< 0..1
};

/// NVIDIA's management library, loaded at run time. While a session is open the driver keeps the GPU awake, so a
/// session lasts one reading unless `keep_open` is asked for. Used from one thread.
class Nvml {
 public:
  /// not_found when the library is not installed, unsupported when it lacks a function.
  static Result<std::unique_ptr<Nvml>> load(const std::string& library);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// `address`: "0000:01:00.0". Errors: not_found (no such GPU), permission, io.
  Result<NvmlSample> sample(const std::string& address, bool keep_open);

 private:
  struct Functions;
  Nvml(void* library, std::unique_ptr<Functions> functions);
  Result<> open_session();
  void close_session();
  Result<NvmlSample> read(const std::string& address) const;

  void* library_;
  std::unique_ptr<Functions> functions_;
  bool open_{false};
};

}  // namespace hale
