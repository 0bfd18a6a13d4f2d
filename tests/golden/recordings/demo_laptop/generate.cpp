// Writes the recording beside it: ./generate | gzip -9n > recording.csv.gz. A gaming laptop over 100 days: it gets
// dustier until it is cleaned, its disk begins to fail, its battery wears, it loses power twice and its storage fills
// up. Made up; the same bytes everywhere.
#include <cstdint>
#include <cstdio>

namespace {

class Random {
 public:
  /// 0..1, from a linear congruential generator (Numerical Recipes), so that no library decides.
  double next() {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) / 16777216.0;
  }

 private:
  std::uint32_t state_{2026};
};

struct Laptop {
  Random random;
  double throttled_ms{};
  double uptime{};
  int crc{};

  /// 1 = clean; grows until the laptop is cleaned on day 78.
  static double dust(int day) { return day < 15 ? 1.0 : day < 78 ? 1.0 + 0.45 * (day - 15) / 63.0 : 1.02; }
  static double storage(int day) { return day < 70 ? 0.70 + 0.0035 * day : 0.62 + 0.001 * (day - 70); }
  static double battery_wh(int day) { return 66.4 - 0.055 * day; }
  static int pending(int day) { return day < 52 ? 0 : day < 60 ? 8 : 24; }
  static int reallocated(int day) { return day < 58 ? 2 : day < 64 ? 12 : 22; }

  void row(int day, int half_hour) {
    const double hour = half_hour / 2.0;
    const bool gaming = hour >= 19 && hour < 22 && day % 7 != 3;
    const bool mains = hour >= 18 || day % 2 == 0;
    const double load = gaming ? 0.7 + 0.2 * random.next() : 0.05 + 0.25 * random.next() * random.next();
    const double watts = 6 + 58 * load;
    double cpu = 26 + watts * 1.05 * dust(day) + random.next();
    if (cpu > 97) {
      throttled_ms += 1000.0 * static_cast<int>((cpu - 97) * 40 + 20);
      cpu = 97;
    } else if (gaming) {
      throttled_ms += 1000.0 * static_cast<int>(8 + 12 * random.next());
    }
    const double rpm = 1800 + 3200 * (cpu - 35) / 62;
    uptime += 1800;
    const long long time = 1767225600LL + 86400LL * day + 1800LL * half_hour - 8 * 3600;
    std::printf("%lld,gaming-laptop,", time);
    if (day == 0 && half_hour == 20)
      std::printf("laptop,8,Example Laptop Disk 1TB,Example SSD 512GB,100,80");
    else
      std::printf(",,,,,");
    std::printf(",%d,%.1f,%.1f,%.0f,%.1f,%.2f,%d,%.0f,%.0f", day + 1, cpu,
                30 + (gaming ? 45 : 8) * dust(day) + random.next(), rpm, watts, load, mains ? 1 : 0, throttled_ms,
                uptime);
    std::printf(",%.1f,%.3f", battery_wh(day) + 0.2 * random.next(), storage(day) + 0.002 * random.next());
    if (half_hour % 4 == 0) {
      std::printf(",%.0f,%d,0,%d,%d,%d,1,%.0f,%d,100,0", 33 + 6 * load, reallocated(day), pending(day),
                  pending(day) / 2, crc, 38 + 10 * load, 7 + day / 50);
    } else {
      std::printf(",,,,,,,,,,,");
    }
    const bool lost = (day == 29 || day == 33) && half_hour == 20;
    std::printf(",%d,0\n", lost ? 1 : 0);
  }
};

}  // namespace

int main() {
  std::puts(
      "time,device,host.chassis,host.utc_offset,hw.model/disk0,hw.model/disk1,hw.temperature.limit/cpu/"
      "critical,hw.battery.capacity.design/battery,"
      "boot_id,hw.temperature/cpu,hw.temperature/gpu,hw.fan.speed/fan1,hw.power/"
      "cpu,system.cpu.utilization,system.power.online,"
      "hale.cpu.throttle.time,system.uptime,hw.battery.capacity.full/battery,system.filesystem.utilization/filesystem,"
      "hw.temperature/disk0,hw.physical_disk.smart/disk0/5,hw.physical_disk.smart/disk0/187,hw.physical_disk.smart/"
      "disk0/197,"
      "hw.physical_disk.smart/disk0/198,hw.physical_disk.smart/disk0/199,hw.physical_disk.smart/disk0/"
      "self_assessment,hw.temperature/disk1,"
      "hw.physical_disk.nvme/disk1/percentage_used,hw.physical_disk.nvme/disk1/available_spare,hw.physical_disk.nvme/"
      "disk1/critical_warning,"
      "hale.event/host/Kernel-Power.41,hale.event/disk0/kernel.ata_media_error");
  Laptop laptop;
  for (int day = 0; day < 100; ++day) {
    // A boot each morning: counters since boot begin again.
    laptop.throttled_ms = 0;
    laptop.uptime = 0;
    for (int half_hour = 20; half_hour < 46; ++half_hour) laptop.row(day, half_hour);
  }
  return 0;
}
