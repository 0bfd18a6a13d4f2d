# ./dev bench [agent|rules|server]. Sourced.

bench() {
  local which=${1:-all}
  need build web bench
  build_preset release
  case "$which" in
    agent) node tests/bench/agent.mjs --bin "$PWD/build/release/bin" --work "$PWD/build/bench" ;;
    rules) bash tests/bench/rules.sh build/release/bin build/bench ;;
    server) node tests/bench/server.mjs --bin "$PWD/build/release/bin" --work "$PWD/build/bench" ;;
    all) bench rules && bench agent && bench server ;;
    *) echo "dev: unknown benchmark $which (agent, rules, server)" >&2; exit 2 ;;
  esac
}
