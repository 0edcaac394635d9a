# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What with-display and with-sway share: a private directory, an end for everything that was
# started, and the buses. Expects $a11y (on or off) and $blink (1 or 0).

tmp=$(mktemp -d "${TMPDIR:-/tmp}/shmooze-rig.XXXXXX")
pids=()

finish () {
  trap - EXIT INT TERM HUP
  local i
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill "${pids[i]}" 2>/dev/null
    wait "${pids[i]}" 2>/dev/null
  done
  rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS COMMAND...: polls a condition, never a blind sleep.
wait_for () {
  local end=$((${EPOCHREALTIME/[^0-9]/} + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "${EPOCHREALTIME/[^0-9]/}" -gt "$end" ]; then
      echo "${0##*/}: gave up on: $*" >&2
      tail -n 5 "$tmp"/*.log >&2
      exit 125
    fi
    sleep 0.02
  done
}

export XDG_RUNTIME_DIR=$tmp/run XDG_CONFIG_HOME=$tmp/config-home XDG_DATA_HOME=$tmp/data XDG_CACHE_HOME=$tmp/cache
mkdir -m 700 "$XDG_RUNTIME_DIR"
mkdir -p "$XDG_CONFIG_HOME/gtk-4.0" "$XDG_DATA_HOME" "$XDG_CACHE_HOME"
# Still and always the same, so that two pictures of one state are one picture.
printf '%s\n' '[Settings]' gtk-enable-animations=0 "gtk-cursor-blink=$blink" 'gtk-font-name=DejaVu Sans 10' \
  >"$XDG_CONFIG_HOME/gtk-4.0/settings.ini"
export GSK_RENDERER="${GSK_RENDERER-cairo}" GDK_DEBUG="${GDK_DEBUG-gl-disable}" GDK_SCALE="${GDK_SCALE-1}"
export GSETTINGS_BACKEND=memory GTK_IM_MODULE=gtk-im-context-simple GTK_USE_PORTAL=0 LC_ALL="${LC_ALL-C.UTF-8}"
export PYTHONDONTWRITEBYTECODE=1
unset GTK_THEME DBUS_SESSION_BUS_ADDRESS AT_SPI_BUS_ADDRESS SHMOOZE_DOMAIN FLATPAK_ID LANGUAGE

start_buses () {
  dbus-daemon --session --nofork --nosyslog --print-address=4 4>"$tmp/bus" >"$tmp/dbus.log" 2>&1 & pids+=($!)
  wait_for 30 test -s "$tmp/bus"
  DBUS_SESSION_BUS_ADDRESS=$(<"$tmp/bus")
  export DBUS_SESSION_BUS_ADDRESS

  if [ "$a11y" = on ]; then
    export GTK_A11Y=atspi
    local launcher
    for launcher in /usr/libexec/at-spi-bus-launcher /usr/lib/at-spi-bus-launcher /usr/lib/at-spi2-core/at-spi-bus-launcher; do
      [ -x "$launcher" ] && break
    done
    "$launcher" --launch-immediately >"$tmp/a11y.log" 2>&1 & pids+=($!)
    a11y_up () {
      gdbus call --session -d org.a11y.Bus -o /org/a11y/bus -m org.a11y.Bus.GetAddress | grep -q unix:
    }
    wait_for 30 a11y_up
  else
    export GTK_A11Y=none
  fi
}
