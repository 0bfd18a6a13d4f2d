# What ./dev installs, by group and package name. Sourced.

packages_build=(g++ cmake ninja-build ccache pkg-config git libboost1.83-dev nlohmann-json3-dev libfmt-dev libexpected-dev libcli11-dev
  libsqlite3-dev libcurl4-openssl-dev libssl-dev libsodium-dev libzstd-dev zlib1g-dev liblzma-dev libsystemd-dev
  libxcb1-dev libxcb-randr0-dev libxcb-shape0-dev
  catch2 libumockdev-dev)  # the tests are part of every build
packages_test=(xz-utils systemd-journal-remote umockdev dbus xvfb xfce4-notifyd xfconf openbox xdotool imagemagick fonts-noto-cjk smartmontools openssl curl prometheus)
packages_browser=(chromium)
packages_fuzz=(clang libclang-rt-14-dev)
packages_format=(clang-format)
packages_package=(dpkg-dev init-system-helpers)
packages_fit=(python3-numpy)  # only tools/fit_disk_risk.py, which no build needs
packages_bench=(systemd collectd-core prometheus-node-exporter iproute2 nginx-light)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Bookworm's own Boost and Catch2 are too old: both come from its backports, from the mirror this machine already uses.
enable_backports() {
  . /etc/os-release
  [ "${VERSION_CODENAME:-}" = bookworm ] || return 0
  local targets uri
  targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages')
  grep -q ' bookworm-backports main$' <<<"$targets" && return 0
  uri=$(awk '$2 == "bookworm" && $3 == "main" { print $1; exit }' <<<"$targets")
  [ -n "$uri" ] || { echo "dev: no bookworm mirror in this machine's package sources; add one, then run again" >&2; return 1; }
  as_root tee /etc/apt/sources.list.d/hale-backports.sources >/dev/null <<SRC
Types: deb
URIs: $uri
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SRC
}

is_installed() {
  local version
  version=$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$1" 2>/dev/null) || return 1
  [[ $version == ii* ]] || return 1
  # Catch2 2 is in bookworm itself and does not do.
  [ "$1" != catch2 ] || [[ ${version#ii } == 3* ]]
}

# need GROUP...: installs what is missing of these groups.
need() {
  local group missing=()
  for group in "$@"; do
    if [ "$group" = web ]; then
      has_node || missing+=(nodejs npm)
      continue
    fi
    local -n packages="packages_$group"
    local package
    for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "dev: installing ${missing[*]}" >&2
  enable_backports
  local i
  for i in "${!missing[@]}"; do
    . /etc/os-release
    if [ "${VERSION_CODENAME:-}" = bookworm ]; then
      case "${missing[i]}" in catch2 | libboost1.83-dev) missing[i]+=/bookworm-backports ;; esac
    fi
  done
  local log
  log=$(mktemp)
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "dev: the packages could not be installed; the log is $log" >&2
    return 1
  fi
  rm -f "$log"
}

# Node 18 (Debian 12's own) or newer, with npm.
has_node() {
  command -v npm >/dev/null && command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}
