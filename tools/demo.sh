# ./dev demo: builds, then tests/e2e/demo.mjs does the rest. Sourced.

demo() {
  need build web
  build_preset release
  exec node tests/e2e/demo.mjs --bin "$PWD/build/release/bin" --work "$PWD/build/demo" "$@"
}
