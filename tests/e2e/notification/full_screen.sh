#!/usr/bin/env bash
# A message waits while the person is busy and appears when that ends: a full-screen window under a real window manager, one that no window manager
# knows of, and Xfce's "do not disturb". Usage: full_screen.sh BIN_FOLDER SCREENSHOT_FOLDER FULL_SCREEN_WINDOW
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/desktop.sh"
window=$(readlink -f "$3")
# Three weeks of a disk that wears: one tip, due at the last row.
head -n 23 "$here/../../golden/recordings/ssd_worn/recording.csv" >"$recording"

openbox --sm-disable >"$work/openbox.log" 2>&1 &
started+=($!)
until_true 10 "the window manager" xdotool get_desktop
xfconfd=$(command -v xfconfd || echo /usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd)
"$xfconfd" >"$work/xfconfd.log" 2>&1 &
started+=($!)
disturb() { xfconf-query -c xfce4-notifyd -p /do-not-disturb -n -t bool -s "$1"; }
until_true 10 "Xfce's settings" disturb false
start_notification_daemon

open_window() {
  "$window" "$@" >"$work/window.txt" 2>"$work/window.log" &
  opened=$!
  started+=($opened)
  until_true 10 "the full-screen window" grep -q mapped "$work/window.txt"
}
start_desktop() {
  "$bin/hale-desktop" >>"$work/desktop.log" 2>&1 &
  desktop=$!
  started+=($desktop)
  until_true 10 "the session at haled" bash -c "'$bin/hale' status --json | grep -q '\"desktop_session\": true'"
}
x_is_left_alone() { [ "$(find "/proc/$desktop/fd" -lname 'socket:*' | wc -l)" -le 2 ]; }
wake_ups() { awk '/^voluntary_ctxt_switches/{print $2}' "/proc/$desktop/status"; }

# waits WHAT BEGIN END: the message waits after BEGIN and is there after END.
waits() {
  local what=$1 before
  echo "== $what"
  rm -rf "$work/state"
  mkdir "$work/state"
  export HALE_STATE_DIR=$work/state
  start_agent
  $2
  start_desktop
  sleep 1
  before=$(wake_ups)
  sleep 3
  notified_is no || fail "$what: a message was shown to somebody busy"
  popup_is_there && fail "$what: there is a message on screen"
  [ "$(wake_ups)" = "$before" ] || fail "$what: hale-desktop woke up $(($(wake_ups) - before)) times while it waited"
  shoot "busy-$what"
  $3
  until_true 10 "$what: the message" notified_is shown
  until_true 10 "$what: the message's window" popup_is_there
  sleep 1
  shoot "free-$what"
  # With nothing more to say, it listens to the agent and the notification service only.
  until_true 10 "$what: the X server being left alone" x_is_left_alone
  stop $desktop
  until_true 15 "$what: the message going away" popup_is_gone
  stop $agent
}
close_window() { stop $opened; }
managed() { open_window; }
unmanaged() { open_window --unmanaged; }
quiet() { disturb true; }
loud() { disturb false; }

waits full-screen managed close_window
waits unmanaged unmanaged close_window
waits do-not-disturb quiet loud
echo "full_screen: ok"
