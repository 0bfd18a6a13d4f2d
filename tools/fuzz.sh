# ./dev fuzz SECONDS. Sourced.

fuzz() {
  local seconds=$1 fuzzer name failed=0
  [[ $seconds =~ ^[0-9]+$ ]] || { echo "dev: fuzz takes a number of seconds" >&2; exit 2; }
  need build fuzz
  build_preset fuzz
  for fuzzer in build/fuzz/bin/fuzz_*; do
    [ -x "$fuzzer" ] || continue
    name=${fuzzer##*/}
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/crashes"
    if "$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -artifact_prefix=build/fuzz/crashes/"$name"- -print_final_stats=1 \
        "build/fuzz/corpus/$name" $( [ -d "tests/fuzz/corpus/$name" ] && echo "tests/fuzz/corpus/$name" ) >"$build_log/$name.log" 2>&1; then
      printf '%-32s clean, %s runs\n' "$name" "$(sed -n 's/stat::number_of_executed_units: *//p' "$build_log/$name.log")"
    else
      printf '%-32s FAILED: %s\n' "$name" "$build_log/$name.log"
      failed=1
    fi
  done
  return $failed
}
