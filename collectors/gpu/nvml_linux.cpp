#include "collectors/gpu/nvml_linux.hpp"

#include <dlfcn.h>

#include <array>
#include <utility>

#include "core/text.hpp"

namespace hale {
namespace {

// NVML's stable ABI, from its public reference (nvml.h); only what is used here.
using Return = int;
using Device = void*;
struct Utilization {
  unsigned gpu;     ///< percent
  unsigned memory;  ///< percent
};
constexpr Return kSuccess = 0;
constexpr Return kNoPermission = 4;
constexpr Return kNotFound = 6;
constexpr unsigned kTemperatureGpu = 0;     ///< NVML_TEMPERATURE_GPU
constexpr unsigned kThresholdShutdown = 0;  ///< NVML_TEMPERATURE_THRESHOLD_SHUTDOWN
constexpr double kMilli = 1000.0;
constexpr double kPercent = 100.0;

Error error_of(Return code, const char* what) {
  const Errc kind = code == kNotFound ? Errc::not_found : code == kNoPermission ? Errc::permission : Errc::io;
  return {kind, std::string(what) + " failed with NVML error " + std::to_string(code)};
}

}  // namespace

struct Nvml::Functions {
  Return (*init)();
  Return (*shutdown)();
  Return (*handle)(const char* address, Device* device);
  Return (*name)(Device device, char* name, unsigned length);
  Return (*temperature)(Device device, unsigned sensor, unsigned* celsius);
  Return (*threshold)(Device device, unsigned which, unsigned* celsius);
  Return (*power)(Device device, unsigned* milliwatts);
  Return (*utilization)(Device device, Utilization* percent);
};

Nvml::Nvml(void* library, std::unique_ptr<Functions> functions) : library_(library), functions_(std::move(functions)) {}

Nvml::~Nvml() {
  close_session();
  dlclose(library_);
}

Result<std::unique_ptr<Nvml>> Nvml::load(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(Errc::not_found, "NVIDIA's management library is not installed (" + library + ")");
  auto functions = std::make_unique<Functions>();
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    if (function == nullptr) missing = name;
  };
  find(functions->init, "nvmlInit_v2");
  find(functions->shutdown, "nvmlShutdown");
  find(functions->handle, "nvmlDeviceGetHandleByPciBusId_v2");
  find(functions->name, "nvmlDeviceGetName");
  find(functions->temperature, "nvmlDeviceGetTemperature");
  find(functions->threshold, "nvmlDeviceGetTemperatureThreshold");
  find(functions->power, "nvmlDeviceGetPowerUsage");
  find(functions->utilization, "nvmlDeviceGetUtilizationRates");
  if (missing != nullptr) {
    dlclose(handle);
    return fail(Errc::unsupported, library + " has no " + missing + ": update the NVIDIA driver");
  }
  return std::unique_ptr<Nvml>(new Nvml(handle, std::move(functions)));
}

Result<> Nvml::open_session() {
  if (open_) return {};
  const Return code = functions_->init();
  if (code != kSuccess) return fail(error_of(code, "opening NVML"));
  open_ = true;
  return {};
}

void Nvml::close_session() {
  if (std::exchange(open_, false)) functions_->shutdown();
}

Result<NvmlSample> Nvml::read(const std::string& address) const {
  Device device = nullptr;
  const Return code = functions_->handle(address.c_str(), &device);
  if (code != kSuccess) return fail(error_of(code, "finding the GPU by its address"));
  NvmlSample sample;
  std::array<char, 96> name{};
  if (functions_->name(device, name.data(), static_cast<unsigned>(name.size() - 1)) == kSuccess)
    sample.name = sanitize_utf8(name.data());
  unsigned value = 0;
  if (functions_->temperature(device, kTemperatureGpu, &value) == kSuccess) sample.temperature = value;
  if (functions_->threshold(device, kThresholdShutdown, &value) == kSuccess) sample.critical = value;
  if (functions_->power(device, &value) == kSuccess) sample.power = value / kMilli;
  Utilization busy{};
  if (functions_->utilization(device, &busy) == kSuccess) sample.utilization = busy.gpu / kPercent;
  return sample;
}

Result<NvmlSample> Nvml::sample(const std::string& address, bool keep_open) {
  if (const auto opened = open_session(); !opened) return fail(opened.error());
  auto result = read(address);
  if (!keep_open || !result) close_session();
  return result;
}

}  // namespace hale
