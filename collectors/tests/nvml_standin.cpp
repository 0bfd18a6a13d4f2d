// A stand-in for NVIDIA's libnvidia-ml.so.1, loaded by the tests in its place. It knows one GPU, 0000:01:00.0, and
// counts its sessions.
#include <cstring>

extern "C" {

int standin_sessions_opened = 0;
int standin_sessions_open = 0;

int nvmlInit_v2();
int nvmlShutdown();
int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device);
int nvmlDeviceGetName(void* device, char* name, unsigned length);
int nvmlDeviceGetTemperature(void* device, unsigned sensor, unsigned* celsius);
int nvmlDeviceGetTemperatureThreshold(void* device, unsigned which, unsigned* celsius);
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts);
struct StandinUtilization {
  unsigned gpu, memory;
};
int nvmlDeviceGetUtilizationRates(void* device, StandinUtilization* percent);

int nvmlInit_v2() {
  ++standin_sessions_opened;
  ++standin_sessions_open;
  return 0;
}

int nvmlShutdown() {
  --standin_sessions_open;
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device) {
  if (standin_sessions_open == 0) return 1;
  if (std::strcmp(address, "0000:01:00.0") != 0) return 6;
  *device = &standin_sessions_open;
  return 0;
}

int nvmlDeviceGetName(void*, char* name, unsigned length) {
  std::strncpy(name, "Halcyon RTX 9070", length);
  return 0;
}

int nvmlDeviceGetTemperature(void*, unsigned sensor, unsigned* celsius) {
  *celsius = 63;
  return sensor == 0 ? 0 : 3;
}

int nvmlDeviceGetTemperatureThreshold(void*, unsigned which, unsigned* celsius) {
  *celsius = 98;
  return which == 0 ? 0 : 3;
}

int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 74500;
  return 0;
}

int nvmlDeviceGetUtilizationRates(void*, StandinUtilization* percent) {
  *percent = {42, 7};
  return 0;
}
}
