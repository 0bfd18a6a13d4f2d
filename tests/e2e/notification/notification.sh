#!/usr/bin/env bash
# A real notification, end to end: haled judges a recording, hale-desktop shows the message through a real notification daemon, real clicks on its
# buttons come back as answers. In English and in Chinese. Usage: notification.sh BIN_FOLDER [SCREENSHOT_FOLDER]
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/desktop.sh"

# The person's browser: notes what it is asked to open.
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >>"%s"\n' "$work/opened.txt" >"$work/browser"
chmod +x "$work/browser"
export BROWSER=$work/browser
: >"$work/opened.txt"

# A disk whose own verdict turns bad: one urgent message. The recording's last row is noon, so no quiet hour is near.
{
  echo 'time,hw.model/disk0,hw.physical_disk.smart/disk0/self_assessment,hw.physical_disk.smart/disk0/5'
  for hour in 06 07 08; do echo "2026-03-02T$hour:00:00Z,ST4000DM000,1,0"; done
  for minute in 00 15 30 45; do echo "2026-03-02T11:$minute:00Z,,0,0"; done
  echo '2026-03-02T12:00:00Z,,0,0'
} >"$recording"

# press LABEL_NUMBER OF: clicks the button, found by its place in the row of equal or unequal buttons drawn by the daemon.
press() {
  local window geometry X Y WIDTH HEIGHT
  window=$(popup)
  geometry=$(xdotool getwindowgeometry --shell "$window") || fail "the message has no window"
  eval "$(grep -E '^(X|Y|WIDTH|HEIGHT)=[0-9-]+$' <<<"$geometry")"
  sleep 0.5 # the daemon ignores clicks while it fades in
  xdotool mousemove $((X + WIDTH * $1 / 100)) $((Y + HEIGHT - $2)) sleep 0.2 click 1
}

# run LOCALE TITLE FIRST SECOND THIRD YES
run() {
  local locale=$1 title=$2 first=$3 second=$4 third=$5
  echo "== $locale"
  rm -rf "$work/state"
  mkdir "$work/state"
  export HALE_STATE_DIR=$work/state
  : >"$work/notify.txt"
  : >"$work/opened.txt"
  start_agent
  notified_is no || fail "a message was called shown while nobody was there"
  LC_ALL=$locale "$bin/hale-desktop" >>"$work/desktop.log" 2>&1 &
  desktop=$!
  started+=($desktop)
  until_true 10 "the message on screen" notified_is shown
  until_true 10 "the message's window" popup_is_there
  sleep 1
  shoot "message-$locale"
  local said
  said=$(grep -ao 'string "[^"]*"' "$work/notify.txt" | cut -d'"' -f2)
  grep -qF "$title" <<<"$said" || fail "the title is not \"$title\": $said"
  [ "$(grep -nxF -e "$first" -e "$second" -e "$third" <<<"$said" | cut -d: -f2 | tr '\n' '|')" = "$first|$second|$third|" ] || fail "the buttons are not $first, $second, $third: $said"

  before=$(awk '/^voluntary_ctxt_switches/{print $2}' "/proc/$desktop/status")
  sleep 3
  after=$(awk '/^voluntary_ctxt_switches/{print $2}' "/proc/$desktop/status")
  [ "$before" = "$after" ] || fail "hale-desktop woke up $((after - before)) times while idle"

  press "$6" "$7"
  until_true 10 "the guide page being opened" test -s "$work/opened.txt"
  until_true 10 "the answer at haled" answer_is how_to_fix
  page=$(sed 's,^file://,,' "$work/opened.txt")
  grep -q "hale:feedback/.*/did_it" "$page" || fail "the page $page has no link to say that it is done"
  cp "$page" "$shots/page-$locale.html"

  # The page's link changes nothing before the person says Yes in a second notification.
  until_true 10 "the first message going away" popup_is_gone
  id=$(field fingerprint)
  LC_ALL=$locale "$bin/hale-desktop" link "hale:feedback/$id/did_it" >>"$work/desktop.log" 2>&1 &
  link=$!
  until_true 10 "the question" popup_is_there
  sleep 1
  shoot "question-$locale"
  answer_is how_to_fix || fail "a link changed the answer without asking"
  press "$8" "$9"
  wait "$link" || fail "following the link failed"
  answer_is did_it || fail "Yes did not reach haled"
  "$bin/hale-desktop" link "hale:feedback/$id/forget" 2>/dev/null && fail "a link beyond the closed list was followed"

  # haled restarts: the session finds it again by itself.
  stop $agent
  start_agent
  until_true 20 "hale-desktop being back" bash -c "'$bin/hale' status --json | grep -q '\"desktop_session\": true'"
  stop $desktop
  stop $agent
}

start_notification_daemon
run en_US.UTF-8 "Act now" "How to fix" "Find service" "Later" 30 30 58 30
run zh_CN.UTF-8 "请立即处理" "怎么处理" "查找服务" "以后提醒" 30 30 58 30
echo "notification: ok"
