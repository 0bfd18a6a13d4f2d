# Building: the console first (npm), then C++ by preset. Sourced.

build_log=$PWD/build/log
jobs=$(nproc)

# quietly NAME COMMAND...: output to build/log/NAME.log, shown only on failure; live on a terminal with HALE_VERBOSE=1.
quietly() {
  local name=$1 log
  shift
  mkdir -p "$build_log"
  log=$build_log/$name.log
  if [ "${HALE_VERBOSE:-}" = 1 ]; then "$@" 2>&1 | tee "$log"; return "${PIPESTATUS[0]}"; fi
  [ -t 2 ] && printf 'dev: %s ...\r' "$name" >&2
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "dev: $name failed; all of it is in $log" >&2
    return 1
  fi
  [ -t 2 ] && printf '\033[K' >&2
  return 0
}

# npm_folder SOURCE WORK: a copy of SOURCE in WORK with its packages installed, renewed only when the lock file changed.
npm_folder() {
  local source=$1 work=$2 stamp
  mkdir -p "$work" || return 1
  tar -C "$source" --exclude=./node_modules --exclude=./dist -cf - . | tar -C "$work" -xf - || return 1
  stamp=$(sha256sum "$source/package-lock.json" | cut -d' ' -f1)
  if [ "$(cat "$work/.installed" 2>/dev/null)" != "$stamp" ]; then
    # `npm ci` refuses a lock file without the optional packages of other platforms, which not every mirror has; `npm install` keeps to it as well.
    # Called from a condition, where set -e does not hold: each step hands its failure on.
    (cd "$work" && npm install --no-audit --no-fund) && echo "$stamp" >"$work/.installed"
  fi
}

build_console() {
  local state
  state=$(cd fleet/console && find . ../openapi.yaml ../../rules/names -path ./node_modules -prune -o -path ./dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  [ "$(cat build/console/.built 2>/dev/null)" = "$state" ] && return 0
  need web
  # What the console takes from its neighbours lies as far from build/console/work as from fleet/console.
  mkdir -p build/console build/rules && cp fleet/openapi.yaml build/console/ && cp -R rules/names build/rules/
  quietly console-install npm_folder fleet/console build/console/work
  quietly console-build bash -c 'cd build/console/work && rm -rf ../dist && npm run build -- --outDir ../dist --emptyOutDir'
  echo "$state" >build/console/.built
}

build_preset() {
  local preset=$1
  mkdir -p build
  if [ "$preset" != fuzz ]; then build_console; fi
  quietly "configure-$preset" cmake --preset "$preset" -DHALE_CONSOLE_DIST="$PWD/build/console/dist"
  if [ -t 1 ]; then
    cmake --build "build/$preset" -j "$jobs"
  else
    quietly "build-$preset" cmake --build "build/$preset" -j "$jobs"
  fi
}
