# ./dev test: builds, runs CTest, and counts. Sourced.

# count_results XML: prints "passed failed skipped" and complains about failures and skips that tests/skips.txt does not list.
count_results() {
  awk -v skips=tests/skips.txt '
    BEGIN {
      while ((getline line < skips) > 0) {
        if (line ~ /^[ \t]*(#|$)/) continue
        split(line, part, "\t"); allowed[part[1]] = part[2]
      }
    }
    function listed(name,   pattern) {
      for (pattern in allowed) if (index(name, pattern) == 1) return 1
      return 0
    }
    /<testcase / {
      match($0, /name="[^"]*"/); name = substr($0, RSTART + 6, RLENGTH - 7)
      gsub(/&quot;/, "\"", name); gsub(/&amp;/, "\\&", name); gsub(/&lt;/, "<", name); gsub(/&gt;/, ">", name); gsub(/&apos;/, "\x27", name)
      match($0, /status="[^"]*"/); status = substr($0, RSTART + 8, RLENGTH - 9)
      if (status == "run") passed++
      else if (status == "notrun" || status == "disabled") {
        if (listed(name)) skipped++
        else { failed++; print "unlisted skip (tests/skips.txt): " name > "/dev/stderr" }
      } else { failed++; print "failed: " name > "/dev/stderr" }
    }
    END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# ctest_suite BUILD_FOLDER CTEST_ARGUMENTS...: adds to the totals.
total_passed=0 total_failed=0 total_skipped=0
ctest_suite() {
  local folder=$1 xml passed failed skipped
  shift
  xml=$PWD/$folder/test-results.xml
  rm -f "$xml"
  ctest --test-dir "$folder" -j "$jobs" --output-on-failure --output-junit "$xml" "$@" >"$build_log/ctest-${folder##*/}.log" 2>&1 || true
  if [ ! -s "$xml" ]; then
    tail -n 40 "$build_log/ctest-${folder##*/}.log" >&2
    total_failed=$((total_failed + 1))
    return
  fi
  read -r passed failed skipped < <(count_results "$xml")
  if [ "$failed" -gt 0 ]; then grep -v '^ *[0-9]*/[0-9]* Test.*Passed\|^ *Start ' "$build_log/ctest-${folder##*/}.log" | tail -n 150 >&2; fi
  total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
}

finish_tests() {
  echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
  [ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
}

run_tests() {
  local suite=${1:-release}
  need build test
  case "$suite" in
    release)
      need web browser
      build_preset release
      quietly browser-install npm_folder tests/browser build/browser
      ctest_suite build/release -LE 'sanitize|fault|system'
      ;;
    --quick)
      build_preset release
      ctest_suite build/release -LE 'browser|windows|postgres|fault|system|slow'
      ;;
    --sanitize)
      build_preset asan-ubsan
      ctest_suite build/asan-ubsan -LE 'browser|windows|fault|system'
      build_preset tsan
      # The modules with more than one thread.
      ctest_suite build/tsan -R '^(platform_test|upload_test|agent_test|fleet_test|fleet_api_test): '
      ;;
    --fault)
      build_preset release
      ctest_suite build/release -L fault
      ;;
    --system)
      build_preset release
      ctest_suite build/release -L system
      ;;
    *)
      echo "dev: unknown suite $suite (--quick, --sanitize, --fault, --system)" >&2
      exit 2
      ;;
  esac
  finish_tests
}
