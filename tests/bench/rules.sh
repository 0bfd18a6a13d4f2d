#!/usr/bin/env bash
# What judging costs: `hale replay` of one year of per-minute data (8 series, 4.2 million readings). Bar: 3 s and 64 MB. ./dev bench rules runs this.
set -euo pipefail
bin=$1 work=$2
mkdir -p "$work"
year=$work/year.csv
if [ ! -s "$year" ]; then
  awk 'BEGIN {
    srand(7)
    print "time,hw.temperature/cpu,hw.fan.speed/fan1,hw.power/cpu,system.cpu.utilization,hw.temperature/disk0,hw.temperature/acpi,system.uptime,hw.battery.charge/battery"
    for (i = 0; i < 525600; i++) {
      load = (i % 1440 > 540 && i % 1440 < 1320) ? 0.15 + 0.5 * rand() : 0.02 + 0.05 * rand()
      power = 6 + 39 * load; cpu = 30 + 0.9 * power + 3 * rand()
      printf "%d,%.0f,%d,%.2f,%.3f,%.0f,%.1f,%d,%.2f\n", 1700000000 + 60 * i, cpu, 1800 + 40 * (cpu - 30), power, load, 34 + 4 * rand(), 33 + 0.1 * power, 60 * (i % 1440), 0.5 + 0.5 * rand()
    }
  }' >"$year"
fi
echo "hale replay of $(wc -l <"$year") rows x 8 series, three runs:"
for _ in 1 2 3; do
  /usr/bin/env bash -c 'TIMEFORMAT="  %U s user, %S s system, %R s wall"; time "$0" replay "$1" >"$2"' "$bin/hale" "$year" "$work/year.jsonl"
done
"$bin/hale" replay "$year" >/dev/null &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
  now=$(awk '/VmHWM/ {print $2}' /proc/$pid/status 2>/dev/null || true)
  [ -n "$now" ] && peak=$now
  sleep 0.02
done
wait $pid
echo "  peak memory: $((peak / 1024)) MB"
# What the rules say to logs and sensors that other people recorded (docs/accuracy_logs.md), where those are at hand.
if [ -x "$bin/../tests/real_data_test" ]; then
  echo "false alarms on recorded logs and sensors:"
  "$bin/../tests/real_data_test" "[table]" | grep '^|' || echo "  no recorded data (HALE_DATA, ../shared/data)"
fi
# How often the disk rules are right on drives whose end is known.
if [ -x "$bin/../tests/disk_accuracy" ]; then
  "$bin/../tests/disk_accuracy" >"$work/accuracy_disks.md"
  grep -E '^(\||#|disk accuracy)' "$work/accuracy_disks.md"
  # The page is renewed where there is data to measure on.
  if grep -q '^# ' "$work/accuracy_disks.md"; then cp "$work/accuracy_disks.md" "$(dirname "$0")/../../docs/accuracy_disks.md"; fi
fi
