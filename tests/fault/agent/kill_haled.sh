#!/usr/bin/env bash
# kill -9 of the whole service, again and again while it judges a recording: in the end it has found exactly what `hale replay` finds.
# And SIGTERM ends it within five seconds with exit code 0. Usage: kill_haled.sh BIN_FOLDER
set -euo pipefail
bin=$(readlink -f "$1")
work=$(mktemp -d)
agent=
clean_up() {
  [ -z "$agent" ] || kill -9 "$agent" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
fail() { echo "kill_haled: $*" >&2; tail -n 20 "$work/log" >&2; exit 1; }
export HALE_STATE_DIR=$work/state LC_ALL=C.UTF-8 TZ=UTC
mkdir "$work/state"

# Sixty days of a disk that gets worse, one row a minute.
awk 'BEGIN {
  print "time,hw.model/disk0,hw.physical_disk.smart/disk0/5,hw.physical_disk.smart/disk0/187,hw.physical_disk.smart/disk0/197,hw.physical_disk.smart/disk0/self_assessment,hw.temperature/cpu"
  for (i = 0; i < 86400; ++i) {
    day = i / 1440
    printf "%d,%s,%d,%d,%d,%d,%d\n", 1772000000 + i * 60, i ? "" : "ST4000DM000", day < 20 ? 0 : (day - 20) * 8, day < 30 ? 0 : day - 30, day < 25 ? 0 : 24, day < 50, 40 + i % 7
  }
}' >"$work/disk.csv"
expected=$("$bin/hale" replay "$work/disk.csv" --no-coverage | grep '"type":"finding"' | grep -o '"rule":"[^"]*"' | sort -u)
[ -n "$expected" ] || fail "the recording holds no finding"

start() {
  "$bin/haled" --replay "$work/disk.csv" --speed 0 >>"$work/log" 2>&1 &
  agent=$!
}
for _ in $(seq 15); do
  start
  sleep "0.$((RANDOM % 5 + 1))"
  kill -9 "$agent"
  wait "$agent" 2>/dev/null || true
done
start
for _ in $(seq 600); do
  "$bin/hale" status --json 2>/dev/null | grep -q '"state": "replay_ended"' && break
  sleep 0.1
done
"$bin/hale" status --json | grep -q '"state": "replay_ended"' || fail "the replay did not end"
found=$("$bin/hale" findings --all --json | tr -d ' \n' | grep -o '"rule":"[^"]*"' | sort -u)
[ "$found" = "$expected" ] || fail "found after the kills: $found; expected: $expected"
twice=$("$bin/hale" findings --all --json | tr -d ' \n' | grep -o '"fingerprint":"[^"]*"' | sort | uniq -d)
[ -z "$twice" ] || fail "a finding is there twice: $twice"

begin=$SECONDS
kill -TERM "$agent"
wait "$agent" || fail "exit code $? after SIGTERM"
[ $((SECONDS - begin)) -le 5 ] || fail "it took $((SECONDS - begin)) s to end"
agent=
echo "kill_haled: ok"
