# ./dev bench [agent|rules|server]. Sourced.

bench() {
  local which=${1:-all}
  need build web bench
  build_preset release
  case "$which" in
    agent) node tests/bench/agent.mjs --bin "$PWD/build/release/bin" --work "$PWD/build/bench" ;;
    rules) shift; bench_rules "$@" ;;
    server) node tests/bench/server.mjs --bin "$PWD/build/release/bin" --work "$PWD/build/bench" ;;
    all) bench rules && bench agent && bench server ;;
    *) echo "dev: unknown benchmark $which (agent, rules, server)" >&2; exit 2 ;;
  esac
}

# Cost, then accuracy. With options of hale-bench-cooling of your own (--tuning, --quick, --csv FILE ...) the published page is left alone.
bench_rules() {
  bash tests/bench/rules.sh build/release/bin build/bench
  if [ $# -gt 0 ]; then build/release/bin/hale-bench-cooling "$@"; else build/release/bin/hale-bench-cooling --jobs 2 --into docs/accuracy.md; fi
}
