# A display, a session bus and what the tests of messages share. Sourced with BIN_FOLDER [SCREENSHOT_FOLDER].
bin=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
shots=${2:-$work}
started=()

clean_up() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
fail() { echo "$(basename "$0" .sh): $*" >&2; for log in "$work"/*.log; do echo "--- $log" >&2; tail -n 20 "$log" >&2; done; exit 1; }
# until_true SECONDS WHAT COMMAND...
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "$what did not happen"
    sleep 0.05
  done
}

export HOME=$work/home XDG_RUNTIME_DIR=$work/run LC_ALL=C.UTF-8
unset LANG LC_MESSAGES XDG_CACHE_HOME HALE_UPLOAD_TRIGGER WAYLAND_DISPLAY
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$shots"
chmod 700 "$XDG_RUNTIME_DIR"

# A display, a session bus and a notification daemon of their own.
Xvfb -displayfd 3 -screen 0 1024x600x24 -nolisten tcp 3>"$work/display" >"$work/xvfb.log" 2>&1 &
started+=($!)
until_true 20 "the X server" test -s "$work/display"
export DISPLAY=:$(cat "$work/display")
dbus-daemon --config-file="$here/session.conf" --nofork --print-address=3 3>"$work/bus" >"$work/bus.log" 2>&1 &
started+=($!)
until_true 10 "the session bus" test -s "$work/bus"
DBUS_SESSION_BUS_ADDRESS=$(head -n 1 "$work/bus")
export DBUS_SESSION_BUS_ADDRESS
daemon=$(command -v xfce4-notifyd || echo /usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd)
start_notification_daemon() {
  "$daemon" >"$work/notifyd.log" 2>&1 &
  notifyd=$!
  started+=($notifyd)
  until_true 10 "the notification daemon" dbus-send --session --print-reply --dest=org.freedesktop.Notifications /org/freedesktop/Notifications org.freedesktop.Notifications.GetCapabilities
}
dbus-monitor --session "interface='org.freedesktop.Notifications',member='Notify'" >>"$work/notify.txt" 2>"$work/monitor.log" &
started+=($!)
echo '{"notifications":{"quiet_hours":{"from":"00:00","to":"00:00"}}}' >"$work/config.json"
recording=$work/disk.csv

start_agent() {
  "$bin/haled" --config "$work/config.json" --replay "$recording" --speed 0 >>"$work/haled.log" 2>&1 &
  agent=$!
  started+=($agent)
  until_true 20 "the recording being judged" has_finding
}
field() { "$bin/hale" findings --json | tr -d ' \n' | grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d'"' -f4; }
has_finding() { [ -n "$(field fingerprint)" ]; }
answer_is() { [ "$(field answer)" = "$1" ]; }
notified_is() { [ "$(field notified)" = "$1" ]; }
stop() { kill "$1"; wait "$1" 2>/dev/null || true; }

# The notification's window; its buttons stand in a row along its lower edge.
popup() { xdotool search --onlyvisible --class xfce4-notifyd 2>/dev/null | tail -n 1; }
popup_is_there() { [ -n "$(popup)" ]; }
popup_is_gone() { [ -z "$(popup)" ]; }
shoot() { import -window root "$shots/$1.png"; }
